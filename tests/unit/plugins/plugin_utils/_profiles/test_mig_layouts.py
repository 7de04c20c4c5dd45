# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test MIG layouts from the declaration to the option of mig_layout, with the facts of simulated hosts."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vfio.devices.plugins.modules.mig_layout import GPU
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration, facts
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as profiles_plan

H200 = A40 = "0000:41:00.0"
PARTS = ("physical_functions", "parents", "devices", "mig")


def plan(host, mig, **changes):
    profiles = [{"name": "a", "select": [H200], "owner": "none", "mig": mig, **changes}]
    return profiles_plan.plan(profiles, host.facts(*PARTS))


@pytest.mark.parametrize(
    ("mig", "entry", "total"),
    [
        ({"1g.18gb": 4, "3g.71gb": "1", "7g.141gb": 0}, {"layout": {"1g.18gb": 4, "3g.71gb": 1}}, 5),
        ({}, {"layout": {}}, 1),
        (False, {"enabled": False}, 1),
    ],
)
def test_entry_of_the_module(simulated, mig, entry, total):
    result, problems = plan(simulated("h200"), mig)
    assert not problems
    (given,) = result["partitions"]
    expected = {"pf": H200, "enabled": True, "compute_instances": True, "label": "profile a", **entry}
    assert given == expected and set(given) <= set(GPU)
    assert result["cards"][0]["total"] == total


def test_declared_vgpus_are_replaced(simulated):
    vgpus = {"mode": "vf", "num_vfs": "max", "vgpu": {"type": "NVIDIA A100-1-5C", "count": "max"}}
    result, problems = plan(simulated("a100"), {"1g.5gb": 4}, **vgpus)
    assert not problems
    assert result["partitions"][0]["replace_vgpus"] is True


@pytest.mark.parametrize(
    ("mig", "sentence"),
    [
        (
            {"1g.18gb": 8},
            "mig: the layout does not fit: the GPU has at most 7 of 1g.18gb. A possible layout is {1g.18gb: 7}",
        ),
        ({"1g.5gb": 1}, "mig: the GPU has no MIG profile 1g.5gb. The closest is 1g.35gb. It has 1g.18gb, 1g.18gb+me"),
    ],
)
def test_layouts_that_do_not_fit_are_refused_before_anything_runs(simulated, mig, sentence):
    dummy, problems = plan(simulated("h200"), mig)
    assert problems[0].startswith(f"profile a, {H200}: {sentence}")


@pytest.mark.parametrize(
    ("others", "end"),
    [([], "No GPU of this host supports MIG"), ([H200], f"GPUs of this host with MIG: {H200}")],
)
def test_gpu_without_mig_is_refused_with_its_model_and_the_gpus_that_have_it(simulated, others, end):
    found = simulated("a40").facts(*PARTS)
    assert found["physical_functions"][0]["mig"] == {
        "enabled": False,
        "pending": False,
        "instances": [],
        "profiles": [],
    }
    able = simulated("h200").facts(*PARTS)["physical_functions"]
    found["physical_functions"] += [{**one, "address": "0000:c1:00.0"} for one in able if one["address"] in others]
    profiles = [{"name": "a", "select": [A40], "owner": "none", "mig": {"1g.5gb": 1}}]
    dummy, problems = profiles_plan.plan(profiles, found)
    assert problems == [
        f"profile a, {A40}: mig: this GPU (NVIDIA A40) does not support MIG. Remove mig from the profile. "
        f"{end.replace(H200, '0000:c1:00.0')}"
    ]
    result, problems = profiles_plan.plan([{**profiles[0], "mig": False}], found)
    assert not problems and result["partitions"] == [
        {"pf": A40, "enabled": False, "compute_instances": True, "label": "profile a"}
    ]


def test_card_that_is_no_gpu(simulated):
    profiles = [{"name": "a", "select": ["0000:31:00.0"], "owner": "none", "mig": {"1g.18gb": 1}}]
    dummy, problems = profiles_plan.plan(profiles, simulated("nics").facts(*PARTS))
    assert problems == ["profile a, 0000:31:00.0: mig is only for NVIDIA GPUs. Remove mig from the profile"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mig": True}, "mig must be a dictionary of MIG profiles with their counts, or false such as {1g.18gb: 4"),
        ({"mig": {"1g": 1}}, "'1g' is not a MIG profile such as '1g.18gb'. See nvidia-smi mig -lgip"),
        ({"mig": {"1g.18gb": -1}}, "mig.1g.18gb must be a whole number from 0 to 64, and not -1"),
        ({"mig": {}, "owner": "nova"}, "nova does not assign GPU instances. Add vgpu, or set owner: none"),
        (
            {"mig": {}, "mode": "pf"},
            "a card with mode pf is passed through, and the guest configures MIG itself. Remove mig or mode",
        ),
    ],
)
def test_wrong_declarations(changes, sentence):
    dummy, problems = declaration.parse([{"name": "a", "select": [H200], "owner": "none", **changes}])
    assert problems[0].startswith(f"profile a: {sentence}")


@pytest.mark.parametrize(
    ("vgpu", "sentences"),
    [
        ([("1-18C", 3), ("2-35C", 1)], []),
        ([("2-35C", "max")], []),
        ([("7-141C", 1)], ["1 x NVIDIA H200-7-141C do not fit .* are {1g.18gb: 3, 2g.35gb: 1}. 0 .* needs 7g.141gb."]),
        ([("1-18C", 4)], ["4 x NVIDIA H200-1-18C do not fit .*. 3 would fit. This type needs 1g.18gb. Change mig or"]),
        ([("1-18C", 4), ("2-35C", 2)], ["4 x NVIDIA H200-1-18C .*. 3 would fit", "2 x NVIDIA H200-2-35C .*. 1 would"]),
        ([("3-35C", "max")], ["1 x NVIDIA H200-3-35C .*. 0 would fit. This type needs 3g.71gb."]),
        ([("3-99C", 1)], [".*. 0 would fit. This type needs a larger profile than this GPU has."]),
        (
            [("18C", 4), ("1-18C", 1)],
            ["NVIDIA H200-18C is a time-sliced type, which needs a GPU without MIG."],
        ),
    ],
)
def test_vgpus_that_do_not_fit_on_the_layout_are_refused_before_it_is_made(simulated, vgpu, sentences):
    entries = [{"type": f"NVIDIA H200-{name}", "count": count} for name, count in vgpu]
    dummy, found = plan(simulated("h200"), {"1g.18gb": 3, "2g.35gb": 1, "7g.141gb": 0}, vgpu=entries)
    # This host lacks the vGPU host driver.
    problems = [problem for problem in found if "offers no vGPUs" not in problem]
    assert len(problems) == len(sentences)
    for problem, sentence in zip(problems, sentences):
        assert re.match(f"profile a, {H200}: {sentence}", problem), problem


A100 = "0000:41:00.0"


def test_vgpus_wait_for_their_gpu_instances(simulated):
    vgpu = {"type": "GRID A100-1-5C"}
    profiles = [{"name": "a", "select": [A100], "owner": "none", "mig": {"1g.5gb": 1}, "vgpu": vgpu}]
    result, problems = profiles_plan.plan(profiles, simulated("a100").facts(*PARTS))
    assert not problems
    assert result["later"] == [{"name": A100, "profile": "a", "reason": "its GPU instances do not exist yet"}]
    assert result["partitions"][0]["compute_instances"] is False


@pytest.mark.parametrize("has_layout", [False, True])
def test_vgpus_without_their_driver_are_refused_before_the_layout_is_made(simulated, has_layout):
    host = simulated("h200")
    if has_layout:
        host.kernel.nvidia_smi.run(["-i", H200, "-mig", "1"])
        host.kernel.nvidia_smi.run(["mig", "-i", H200, "-cgi", "19"])
    result, problems = plan(host, {"1g.18gb": 1}, vgpu={"type": "NVIDIA H200-1-18C"})
    assert not result["later"]
    assert problems == [
        f"profile a, {H200}: this card (10de:2335) offers no vGPUs, although its driver is nvidia. Install the NVIDIA "
        "vGPU host driver (vGPU Manager, not the driver for guests or CUDA), and check its services with "
        "`systemctl status nvidia-vgpud nvidia-vgpu-mgr`"
    ]


@pytest.mark.parametrize("mig", [1, [], {}, {"enabled": True, "instances": {}, "profiles": []}])
def test_facts_of_another_form(simulated, mig):
    found = simulated("h200").facts(*PARTS)
    found["physical_functions"][0]["mig"] = mig
    assert facts.problems(found)[0].startswith("physical_functions[0].mig")
