# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

CARD = "0000:05:00.0"


@pytest.fixture
def host(simulated):
    return simulated("gim")


def test_facts_have_the_functions_that_came_with_the_module(host):
    cards = host.facts()["physical_functions"]
    assert [(one["address"], one["driver"], one["num_vfs"], one["total_vfs"]) for one in cards] == [
        ("0000:05:00.0", "gim", 1, 8),
        ("0000:15:00.0", "gim", 1, 8),
    ]


def test_functions_as_they_are_can_be_given_to_guests(host):
    run = Switch(host)
    wanted = {"pf": CARD, "mode": "vf", "num_vfs": "1", "vf_driver": "vfio-pci"}
    assert run(wanted)["changed"]
    assert not run(wanted)["changed"]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (
            {"mode": "vf", "num_vfs": "4"},
            "Write `options gim vf_num=4` to /etc/modprobe.d/gim.conf",
        ),
        ({"mode": "vf", "num_vfs": "max"}, "`modprobe -r gim && modprobe gim`, or set num_vfs: 1"),
        ({"mode": "vf", "num_vfs": "0"}, "removes its 1 virtual functions only when it is unloaded"),
        ({"mode": "pf"}, "run `modprobe -r gim`. Then run the play again"),
    ],
)
def test_another_number_is_refused_with_the_parameter_of_the_module(host, wanted, sentence):
    with pytest.raises(Refused, match=sentence.replace("(", r"\(")):
        Switch(host)({"pf": CARD, **wanted})


def test_more_than_the_driver_ever_makes(simulated):
    from ansible_collections.vfio.devices.plugins.module_utils._frameworks import amd_gim

    assert amd_gim.refuse_number(1, 40).endswith("Set num_vfs: 31 or less")
