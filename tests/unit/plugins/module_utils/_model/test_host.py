# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._model.host import (
    Binding,
    Card,
    Definition,
    Device,
    Parent,
    Sriov,
    VfSettings,
)


@pytest.mark.parametrize(
    ("settings", "names"),
    [(VfSettings(), []), (VfSettings(vlan=0, spoofchk=False), ["vlan", "spoofchk"]), (VfSettings(mac="a"), ["mac"])],
)
def test_settings_that_have_a_value(settings, names):
    assert settings.names == names


@pytest.mark.parametrize(
    ("sriov", "total", "autoprobe"), [(None, 0, None), (Sriov(), None, None), (Sriov(8, autoprobe=False), 8, False)]
)
def test_a_card_without_sriov_can_have_no_virtual_functions(sriov, total, autoprobe):
    card = Card("0000:31:00.0", None, Binding(), "host", sriov=sriov)
    assert (card.total_vfs, card.autoprobe, card.num_vfs) == (total, autoprobe, 0)


def test_a_parent_without_a_physical_function_is_its_own_card():
    assert Parent("mtty", "mdev").card == "mtty"
    assert Parent("0000:41:00.4", "mdev", physical_function="0000:41:00.0").card == "0000:41:00.0"


def test_devices_are_known_by_uuid_or_address():
    assert Device("mtty", "mdev", uuid="u").key == ("mtty", "u")
    assert Device("vf", "vendor_vfio", address="vf").key == ("vf", "vf")


def test_attributes_keep_their_order_and_may_come_twice():
    assert Definition("x", True, (("b", "1"), ("a", "2"), ("a", "3"))).attribute_list == [
        {"b": "1"},
        {"a": "2"},
        {"a": "3"},
    ]
