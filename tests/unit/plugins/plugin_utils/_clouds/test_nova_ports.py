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
    found = nova_ports.check(card, {"release": release})
    assert len(found) == (sentence is not None)
    assert not sentence or sentence in found[0]


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({}, {}, None),
        ({}, {"release": 24}, "nova 24 does not support remote_managed"),
        ({"mode": "pf"}, {}, "Use it only for virtual functions"),
        ({"nova": {"remote_managed": True, "alias": "a"}}, {}, "Remove nova.alias"),
        ({"has_serial_number": True}, {"libvirt": (7, 9, 0)}, None),
        ({"has_serial_number": None}, {}, None),
        ({"has_serial_number": False}, {}, "nova ignores remote_managed functions of a card without a serial number"),
        ({"has_serial_number": False, "nova": {}}, {"libvirt": (7, 8, 0)}, None),
        ({}, {"libvirt": (7, 8, 0)}, "with libvirt 7.8.0, which does not read serial numbers"),
    ],
)
def test_functions_of_a_dpu(changes, options, sentence):
    card = {**ports(nova={"remote_managed": True}), **changes}
    found = nova_ports.check(card, {"release": 34, **options})
    assert len(found) == (sentence is not None)
    assert not sentence or sentence in found[0]
