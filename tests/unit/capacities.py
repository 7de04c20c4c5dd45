# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create cards with types and devices as input of capacities."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.capacity import CardDevices
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import capacity_of_card
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Offer, Parent, VgpuType


def offered(type_id, available, description=None, **attributes):
    return Offer(VgpuType(type_id, type_id, description, attributes), available)


def parent(name, *offers, card=None, framework="mdev"):
    return Parent(name, framework, physical_function=card, offers=offers)


def card(parents, occupants=()):
    names = {offer.type.id: offer.type.name for one in parents for offer in one.offers}
    names.update((type_id, type_id) for _parent, type_id in occupants if type_id)
    return capacity_of_card(CardDevices(parents, list(occupants), names))


def rooms(capacity, parent_name, *types):
    return [capacity.room(parent_name, type_id) for type_id in types]
