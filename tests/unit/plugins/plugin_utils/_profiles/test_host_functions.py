# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import host_functions

VFIO, HOST = "vfio-pci", "iavf"


def functions(*drivers):
    return [
        {"index": index, "driver": driver, "netdev": f"eth{index}" if driver == HOST else None}
        for index, driver in enumerate(drivers)
    ]


@pytest.mark.parametrize(
    ("vf_driver", "vfs", "now", "kept"),
    [
        (None, None, [HOST] * 3, set()),
        (VFIO, None, [HOST] * 3, set()),
        (VFIO, None, [VFIO, HOST, VFIO], {1}),
        (VFIO, None, [VFIO, None, VFIO], set()),
        (VFIO, [{"index": 0, "driver": HOST}], [HOST] * 3, {0}),
        (VFIO, [{"index": "0-1", "driver": "default"}], [], {0, 1}),
        (VFIO, [{"index": 0, "driver": "none"}], [None, VFIO], set()),
        (VFIO, [{"index": 0, "driver": VFIO}], [HOST, VFIO], set()),
        (VFIO, [{"index": 0, "vlan": 5}], [HOST, VFIO], {0}),
        (None, [{"index": 2, "driver": HOST}], [HOST] * 3, {2}),
        (HOST, [{"index": 2, "driver": HOST}], [HOST] * 3, set()),
        (None, [{"index": 2, "driver": "mlx5_vfio_pci"}], [HOST] * 3, set()),
        (True, [{"index": "x", "driver": HOST}, {"driver": HOST}, {"index": 0, "driver": 1}], [HOST], set()),
    ],
)
def test_what_stays_with_the_host(vf_driver, vfs, now, kept):
    profile = {"vf_driver": vf_driver, "vfs": vfs, "nova": {}}
    assert host_functions.indices(profile, functions(*now), 3) == kept


@pytest.mark.parametrize(("user", "kept"), [([], set()), ([{"pid": 7}], {1})])
def test_function_of_a_gpu_stays_with_the_host_only_if_somebody_uses_it(user, kept):
    now = [{"index": 0, "driver": VFIO}, {"index": 1, "driver": "i915", "netdev": None, "users": user}]
    assert host_functions.indices({"vf_driver": VFIO, "vfs": None, "nova": {}}, now, 2) == kept


@pytest.mark.parametrize(("chosen", "kept"), [(["0-1"], {2, 3}), ("2", {0, 1, 3}), (["0", "3"], {1, 2})])
def test_virtual_functions_that_nova_does_not_get(chosen, kept):
    profile = {"vf_driver": None, "vfs": None, "nova": {"vfs": chosen}}
    assert host_functions.indices(profile, functions(HOST, HOST), 4) == kept


def test_chosen_functions_while_guests_prevent_a_lower_number():
    profile = {"vf_driver": None, "vfs": None, "nova": {"vfs": ["0", "2-3"]}}
    assert host_functions.indices(profile, functions(*[HOST] * 6), 2) == {1, 4, 5}


def test_facts_without_numbers():
    profile = {"vf_driver": VFIO, "vfs": None, "nova": {}}
    assert host_functions.indices(profile, [{"address": "0000:01:00.1"}], 1) == set()


USED = [{"pid": 1}]


@pytest.mark.parametrize(
    ("mode", "subject", "held"),
    [
        ("pf", {"mode": "vf", "virtual_functions": [{"users": []}, {"users": USED}]}, "vf"),
        ("pf", {"mode": "vf", "virtual_functions": [{"users": None}]}, None),
        ("vf", {"mode": "pf", "users": USED}, "pf"),
        ("vf", {"mode": "host", "users": USED}, None),
        ("vf", {"mode": "pf"}, None),
    ],
)
def test_a_mode_that_guests_hold(mode, subject, held):
    assert host_functions.held_mode(mode, subject) == held
