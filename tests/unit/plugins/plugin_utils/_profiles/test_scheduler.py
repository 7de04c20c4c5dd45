# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import plan

L40S, OTHER = "0000:84:00.0", "0000:c4:00.0"
FAIR = {"policy": "equal_share"}
FIXED = {"policy": "fixed_share", "time_slice_ms": 24}


def profile(scheduler, vgpu=None, **keys):
    vgpu = vgpu or {"type": "NVIDIA L40S-12Q", "count": 2}
    return {"name": "gpus", "select": "vendor_id == '10de'", "vgpu": vgpu, "vgpu_scheduler": scheduler, **keys}


@pytest.fixture
def problems(simulated):
    def problems(declared, card="l40s", parameters=None):
        host = simulated(card)
        host.kernel.nvidia_parameters.update(parameters or {})
        return plan([declared], host.facts())[1]

    return problems


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"policy": "fair"}, "vgpu_scheduler.policy must be best_effort, equal_share or fixed_share, and not 'fair'"),
        ({}, "vgpu_scheduler has no policy"),
        ({"policy": "equal_share", "slice": 3}, "vgpu_scheduler.slice is not a key"),
        ({**FAIR, "time_slice_ms": 31}, "vgpu_scheduler.time_slice_ms 31 must be from 1 to 30"),
        ({**FAIR, "time_slice_ms": 0}, "vgpu_scheduler.time_slice_ms 0 must be from 1 to 30"),
        ({"policy": "best_effort", "time_slice_ms": 3}, "time_slice_ms is only for equal_share and fixed_share"),
    ],
)
def test_what_no_gpu_can_have(problems, declared, sentence):
    (found,) = problems(profile(declared))
    assert sentence in found


def test_it_is_only_for_vgpus(problems):
    found = problems({key: value for key, value in profile(FAIR, mode="pf").items() if key != "vgpu"})
    assert found == ["profile gpus: vgpu_scheduler requires vgpu. Remove vgpu_scheduler"]


@pytest.mark.parametrize(
    ("card", "declared", "sentence"),
    [
        ("gvt", {"select": "vendor_id == '8086'", "vgpu": {"type": "i915-GVTg_V5_4"}}, "is only for NVIDIA GPUs"),
        ("l40s", {"vgpu": [{"type": f"NVIDIA L40S-{one}", "count": 1} for one in ("12Q", "6Q")]}, "equal_share"),
        (
            "l40s",
            {
                "vgpu": {
                    "type": "NVIDIA L40S-12Q",
                    "attributes": [{"nvidia/vgpu_params": "disable_vnc=1,frame_rate_limiter=1"}],
                }
            },
            "Remove frame_rate_limiter=1 from vgpu",
        ),
        (
            "a100",
            {"mig": {"1g.5gb": 2}, "vgpu": {"type": "NVIDIA A100-1-5C"}},
            "is for time-sliced vGPUs, and vGPUs on",
        ),
    ],
)
def test_rules_of_the_driver(problems, card, declared, sentence):
    found = problems({**profile(FIXED), **declared}, card)
    assert found
    assert all(sentence in one for one in found)


def test_sizes_together_can_have_equal_shares(problems):
    mix = [{"type": f"NVIDIA L40S-{one}", "count": 1} for one in ("12Q", "6Q")]
    assert problems(profile(FAIR, mix), parameters={"RegistryDwords": "RmPVMRL=0x01"}) == []


def test_a_scheduler_that_the_driver_was_loaded_with(problems):
    assert problems(profile({"policy": "best_effort"})) == []
    assert problems(profile(FIXED), parameters={"RegistryDwords": "RmPVMRL=0x00180011"}) == []
    without_length = {"policy": "fixed_share"}
    assert problems(profile(without_length), parameters={"RegistryDwords": "RmPVMRL=0x00180011"}) == []


def test_another_one_is_refused_with_the_line_for_all_gpus_of_the_host(problems):
    each = {"RegistryDwordsPerDevice": f"pci={OTHER};RmPVMRL=0x01"}
    (found,) = problems(profile(FIXED, select=[L40S]), parameters=each)
    assert f"{L40S} has best_effort, and the driver only takes another vgpu_scheduler when it is loaded" in found
    line = f"pci={L40S};RmPVMRL=0x00180011;pci={OTHER};RmPVMRL=0x01"
    assert f'`options nvidia NVreg_RegistryDwordsPerDevice="{line}"` to /etc/modprobe.d/nvidia.conf' in found
    (found,) = problems(profile({"policy": "best_effort"}), parameters={"RegistryDwords": "RmPVMRL=0x00030001"})
    assert f"{L40S} has equal_share with 3 ms and {OTHER} has equal_share with 3 ms" in found
    assert f"pci={L40S};RmPVMRL=0x00;pci={OTHER};RmPVMRL=0x00" in found


def test_facts_without_a_scheduler_are_not_guessed(simulated):
    host = simulated("l40s")
    host.kernel.tree.remove("proc/driver/nvidia/params")
    (found,) = plan([profile(FAIR)], host.facts())[1]
    assert f"{L40S}, {OTHER}: vgpu_scheduler cannot be compared" in found


def test_an_old_gpu_has_one_scheduler(simulated):
    host = simulated("t4")
    facts = host.facts()
    for card in facts["physical_functions"]:
        card["product_id"] = "13bd"
    found = plan([profile(FAIR, {"type": "GRID T4-2B"}, select="product_id == '13bd' && framework == 'mdev'")], facts)[
        1
    ]
    assert found and all("Maxwell only support best_effort" in one for one in found)
