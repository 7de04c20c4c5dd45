# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand-written plans of hosts, as input for the filters that make settings."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

CARD = {
    "name": "0000:84:00.0",
    "address": "0000:84:00.0",
    "profile": "p",
    "owner": "nova",
    "vendor_id": "10de",
    "product_id": "1eb8",
    "vf_product_id": None,
    "class": "0302",
    "numa_node": 0,
    "total_vfs": 0,
    "netdevs": [],
    "mode": None,
    "held_mode": None,
    "driver": None,
    "vf_driver": None,
    "num_vfs": None,
    "virtual_functions": [],
    "host_functions": [],
    "framework": None,
    "type": None,
    "next_type": None,
    "parents": [],
    "count": None,
    "total": 1,
    "resource_class": None,
    "traits": [],
    "nova": {},
}


def whole(**changes):
    """Return a card in passthrough as a whole."""
    return _named({**CARD, "mode": "pf", **changes})


def ports(**changes):
    """Return a network card with four virtual functions that have a device id of their own."""
    card = _named(
        {
            **CARD,
            **{"vendor_id": "8086", "product_id": "1592", "vf_product_id": "1889", "class": "0200", "total_vfs": 8},
            **{"mode": "vf", "num_vfs": 4, "total": 4},
            **changes,
        }
    )
    if "virtual_functions" not in changes:
        card["virtual_functions"] = [f"{card['name'][:-4]}10.{function}" for function in range(card["num_vfs"])]
    return card


def mdevs(type_id="nvidia-35", totals=(8,), **changes):
    """Return a card with mediated devices on itself, or one virtual function for each entry of ``totals``."""
    card = _named({**CARD, "framework": "mdev", "count": "max", "total": sum(totals), **changes})
    card["type"] = {"id": type_id, "name": f"GRID {type_id}", "device_api": "vfio-pci"}
    return _with_parents(card, totals)


def vendor_vgpus(totals=(1, 1, 1, 0), existing=(), **changes):
    """Return a card with vGPUs of the vendor-specific framework on its virtual functions."""
    kind = {"framework": "vendor_vfio", "mode": "vf", "product_id": "26b9", "vf_product_id": "26b9", "total_vfs": 32}
    card = _named({**CARD, **kind, "num_vfs": len(totals), "count": "max", "total": sum(totals), **changes})
    card["type"] = {"id": "1152", "name": "NVIDIA L40S-8Q", "device_api": "vfio-pci"}
    _with_parents(card, totals, existing)
    card["virtual_functions"] = [parent["name"] for parent in card["parents"]]
    return card


def plan(*cards, later=()):
    """Return a plan of ``resolve`` with the fields that the settings depend on."""
    entries = [{"name": card["name"], "profile": card["profile"], "reason": "not yet"} for card in later]
    return {
        "cards": [*cards, *later],
        "functions": [],
        "instances": [],
        "unwanted": [],
        "later": entries,
        "unselected": [],
    }


def refusals(function, *arguments, **options):
    """Return the problems from the error of a filter, without the introduction."""
    with pytest.raises(AnsibleFilterError) as error:
        function(*arguments, **options)
    return str(error.value).splitlines()[1:]


def _named(card):
    """Set the address to the name, unless the card is not a PCI function."""
    if card["address"] is not None:
        card["address"] = card["name"]
    return card


def _with_parents(card, totals, existing=()):
    names = [card["name"]]
    if len(totals) > 1:
        names = [f"{card['name'][:-4]}{index // 8:02x}.{index % 8}" for index in range(4, 4 + len(totals))]
    card["parents"] = [
        {
            **{"name": name, "numa_node": card["numa_node"], "type": card["type"]["id"]},
            **{"existing": int(index in existing), "total": total},
        }
        for index, (name, total) in enumerate(zip(names, totals))
    ]
    return card
