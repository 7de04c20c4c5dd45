# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.choice import Catalog
from ansible_collections.vfio.devices.plugins.module_utils._instances.matching import (
    matches,
    satisfies,
    with_candidates,
)
from ansible_collections.vfio.devices.plugins.module_utils._instances.state import State
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device, Offer, Parent, VgpuType
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import DeviceWanted

X = (Offer(VgpuType("x", "name of x"), 1),)
PARENTS = [
    Parent("a", "mdev", numa_node=0, offers=X),
    Parent("vf1", "vendor_vfio", physical_function="pf", numa_node=1, offers=X),
    Parent("vf2", "vendor_vfio", physical_function="pf", numa_node=1, offers=X),
]
CATALOG = Catalog(State(PARENTS, [], {}, {}), set())


def entry(**fields):
    return DeviceWanted(0, "instances[0]", **{"types": ("x",), **fields})


@pytest.mark.parametrize(
    ("fields", "parents"),
    [
        ({}, ("a", "vf1", "vf2")),
        ({"parent": "pf"}, ("vf1", "vf2")),
        ({"parent": "vf2"}, ("vf2",)),
        ({"numa_node": 0, "types": ("name of x",)}, ("a",)),
    ],
)
def test_parents_that_an_entry_may_mean(fields, parents):
    assert with_candidates(CATALOG, entry(**fields)).parents == parents


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"parent": "b"}, "there is no parent b"),
        ({"numa_node": 7}, "NUMA node 7"),
        ({"types": ("y",)}, "there is no type y"),
        ({"parent": "pf", "uuid": "u", "attributes": (("a", "1"),)}, "uuid cannot be set"),
    ],
)
def test_an_entry_without_parents(fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        with_candidates(CATALOG, entry(**fields))


@pytest.mark.parametrize(
    ("device", "fields", "expected"),
    [
        ({}, {}, True),
        ({"type_id": "y"}, {}, False),
        ({"autostart": True, "attributes": (("a", "1"),)}, {"attributes": (("a", "1"),)}, True),
        ({"autostart": True, "attributes": (("a", "2"),)}, {"attributes": (("a", "1"),)}, False),
        # Without a definition the attributes are unknown.
        ({}, {"attributes": (("a", "1"),)}, True),
    ],
)
def test_a_device_that_will_do(device, fields, expected):
    found = Device("a", "mdev", "u", **{"type_id": "x", **device})
    assert satisfies(CATALOG, entry(**fields), found) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"parent": "pf"}, True),
        ({"parent": "a"}, False),
        ({"types": ("name of x",)}, True),
        ({"types": ("y",)}, False),
        ({"uuid": "other"}, False),
        ({"types": (), "numa_node": 1}, True),
        ({"types": (), "numa_node": 0}, False),
    ],
)
def test_a_device_that_is_to_go(fields, expected):
    device = Device("vf1", "vendor_vfio", address="vf1", type_id="x", type_name="name of x")
    assert matches(CATALOG, entry(**fields), device) is expected
