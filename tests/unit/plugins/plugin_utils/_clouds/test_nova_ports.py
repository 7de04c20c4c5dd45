# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_ports
from ansible_collections.vfio.devices.tests.unit.plans import ports

WITH_VDPA = ["0000:81:10.0", "0000:81:10.2"]


@pytest.mark.parametrize(
    ("changes", "release", "sentence"),
    [
        (
            {"nova": {"alias": "a"}},
            34,
            "0000:81:10.0, 0000:81:10.2 have vDPA devices, and nova assigns them only to neu",
        ),
        ({"nova": {"alias": "a"}, "host_functions": WITH_VDPA}, 34, None),
        ({"nova": {"alias": "a"}, "host_functions": WITH_VDPA[1:]}, 34, "0000:81:10.0 has a vDPA device"),
        ({"nova": {"physical_network": "a"}}, 34, None),
        ({"nova": {"physical_network": "a"}}, 23, None),
        ({"nova": {"physical_network": "a"}}, 22, "which nova 22 does not support. nova 23 or later does"),
        ({"nova": {"alias": "a"}, "mode": "pf"}, 34, None),
    ],
)
def test_functions_with_a_vdpa_device(changes, release, sentence):
    card = {**ports(name="0000:81:00.0"), "vdpa_functions": WITH_VDPA, **changes}
    found = nova_ports.check(card, release)
    assert len(found) == (sentence is not None)
    assert not sentence or sentence in found[0]


@pytest.mark.parametrize(
    ("changes", "release", "number"),
    [({}, 34, 0), ({}, 24, 1), ({"mode": "pf"}, 34, 1), ({"nova": {"remote_managed": True, "alias": "a"}}, 34, 1)],
)
def test_functions_of_a_dpu(changes, release, number):
    assert len(nova_ports.check({**ports(nova={"remote_managed": True}), **changes}, release)) == number
