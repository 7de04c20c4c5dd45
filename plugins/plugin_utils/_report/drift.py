# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find differences between a card and its profile from plan and facts alone, without access to the host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import shares_of, type_name
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import card_types

NATIVE = "native"  # the driver of a card in mode pf that libvirt itself rebinds
VFIO_PCI = "vfio-pci"


def of_card(planned: Card, card: Subject, function: Mapping[str, Any] | None) -> list[str]:
    """Return a short text for each difference, without the card, so that equal ones of many cards can be merged.

    ``planned`` is the planned card, ``card`` the subject of ``selection.subjects``, and ``function`` its entry in
    ``functions`` of the plan, or None.
    """
    lines = []
    if planned["mode"] == "pf":
        lines += _whole(planned, card)
    elif planned["mode"] == "vf":
        lines += _virtual_functions(planned, card, function)
    wanted = [share for share in shares_of(planned) if share["type"]]
    if wanted:
        lines += _devices(wanted, card)
    return lines


def _whole(planned: Card, card: Subject) -> list[str]:
    if planned["driver"] == NATIVE:
        # libvirt binds the card to another driver while a guest uses it.
        fine = card["mode"] == "host" or (card["mode"] == "pf" and card["users"])
        return [] if fine else [f"mode {card['mode']} instead of the host's own driver"]
    if card["mode"] != "pf":
        return [f"mode {card['mode']} instead of pf"]
    wanted = planned["driver"] or VFIO_PCI
    return [] if card["driver"] == wanted else [f"driver {card['driver']} instead of {wanted}"]


def _virtual_functions(planned: Card, card: Subject, function: Mapping[str, Any] | None) -> list[str]:
    if card["mode"] == "pf":
        return ["mode pf instead of vf"]
    if planned["num_vfs"] is not None and card["num_vfs"] != planned["num_vfs"]:
        return [f"{card['num_vfs']} virtual functions instead of {planned['num_vfs']}"]
    wanted = planned["vf_driver"]
    if wanted in (None, "default") or any(one.get("driver") for one in (function or {}).get("vfs") or []):
        return []
    # libvirt binds a virtual function to another driver while a guest uses it.
    other = [
        virtual["driver"] or "none"
        for virtual in card["virtual_functions"]
        if not virtual["users"] and (virtual["driver"] or "none") != wanted
    ]
    if not other:
        return []
    drivers = " or ".join(sorted(set(other)))
    return [f"virtual functions with driver {drivers} instead of {wanted}: {len(other)} of {card['num_vfs']}"]


def _devices(wanted: list[Card], card: Subject) -> list[str]:
    """Return differences of devices; ``wanted`` are planned cards with one type each."""
    present = Counter(
        card_types.type_name(device["type_name"], device["type"])
        for device in card["devices"]
        if device["state"] == "active"
    )
    by_type = {type_name(one) or "": one for one in wanted}
    numbers = {name: present.pop(name, 0) for name in by_type}
    names = " or ".join(numbers)
    lines = [f"{number} of type {name} instead of type {names}" for name, number in present.items()]
    for name, one in by_type.items():
        if one["count"] is None:
            continue
        declared = sum(parent["total"] for parent in one["parents"]) if one["count"] == "max" else int(one["count"])
        if numbers[name] != declared:
            lines.append(f"{numbers[name]} of type {name} instead of {declared}")
    return lines
