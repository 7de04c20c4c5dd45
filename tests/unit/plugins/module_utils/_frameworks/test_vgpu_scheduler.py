# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import vgpu_scheduler
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.vgpu_scheduler import Scheduler

A, B = "0000:84:00.0", "0000:c4:00.0"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, Scheduler("best_effort")),
        ("0x00", Scheduler("best_effort", registry="0x00")),
        ("1", Scheduler("equal_share", registry="1")),
        ("0x00030001", Scheduler("equal_share", 3, registry="0x00030001")),
        ("0x00030003", Scheduler("equal_share", 3, registry="0x00030003")),
        ("0x11", Scheduler("fixed_share", registry="0x11")),
        ("0x00180011", Scheduler("fixed_share", 24, registry="0x00180011")),
        ("0x3c3c0011", Scheduler("fixed_share", None, 60, 960, "0x3c3c0011")),
        ("fixed", Scheduler("unknown", registry="fixed")),
    ],
)
def test_numbers_of_the_user_guide(number, expected):
    assert vgpu_scheduler.decode(number) == expected


@pytest.mark.parametrize(
    ("policy", "length", "number"),
    [
        ("best_effort", None, "0x00"),
        ("equal_share", None, "0x01"),
        ("equal_share", 3, "0x00030001"),
        ("fixed_share", None, "0x11"),
        ("fixed_share", 24, "0x00180011"),
    ],
)
def test_a_number_and_back(policy, length, number):
    assert vgpu_scheduler.encode(policy, length) == number
    assert vgpu_scheduler.decode(number)[:2] == (policy, length)


@pytest.mark.parametrize(
    ("words", "of_each", "expected"),
    [
        ("", "", ["best_effort", "best_effort"]),
        ("PerfLevelSrc=0x2222;RmPVMRL=0x11", "", ["fixed_share", "fixed_share"]),
        ("", f"pci={A};RmPVMRL=0x01", ["equal_share", "best_effort"]),
        ("RmPVMRL=0x11", f"pci={A.upper()};Other=1;RmPVMRL=0x01;pci={B};Other=2", ["equal_share", "fixed_share"]),
        ("", "RmPVMRL=0x01", ["best_effort", "best_effort"]),
    ],
)
def test_the_key_of_a_gpu_counts_more_than_that_of_all(words, of_each, expected):
    text = f'EnableMSI: 1\nRegistryDwords: "{words}"\nRegistryDwordsPerDevice: "{of_each}"\nRmMsg: ""\n'
    found = vgpu_scheduler.parse(text, [A, B])
    assert [found[one].policy for one in (A, B)] == expected


def test_facts_have_it_for_gpus_with_vgpus(simulated):
    host = simulated("l40s")
    host.kernel.nvidia_parameters["RegistryDwordsPerDevice"] = f"pci={A};RmPVMRL=0x00030001"
    found = [one["vgpu_scheduler"] for one in host.facts()["physical_functions"]]
    assert [(one["policy"], one["time_slice_ms"]) for one in found] == [("equal_share", 3), ("best_effort", None)]
    host.kernel.tree.remove("proc/driver/nvidia/params")
    assert not any("vgpu_scheduler" in one for one in host.facts()["physical_functions"])


@pytest.mark.parametrize("profile", ["gvt", "nics", "gim"])
def test_other_cards_have_none(simulated, profile):
    assert not any("vgpu_scheduler" in one for one in simulated(profile).facts()["physical_functions"])
