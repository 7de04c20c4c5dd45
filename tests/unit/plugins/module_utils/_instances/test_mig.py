# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test vGPUs on GPU instances of one card, next to time-sliced ones on another card."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as profiles_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards import describe

SLICED, MIG = "0000:41:00.0", "0000:c1:00.0"
FACTS = ("physical_functions", "parents", "devices", "users", "mig")
NAME = "NVIDIA A100-{}"


@pytest.fixture
def host(simulated):
    """Return a host with MIG on the second card: four small GPU instances and one large one."""
    host = simulated("a100")
    smi = host.kernel.nvidia_smi
    assert smi.run(["-i", MIG, "-mig", "1"])[0] == 0
    assert smi.run(["mig", "-i", MIG, "-cgi", "9:4,19,19,19,19"])[0] == 0
    return host


def entry(kind, card, count):
    return {"type": NAME.format(kind), "parent": card, "count": str(count)}


def made(host):
    return Counter((device["address"][:7], device["type_name"].partition("-")[2]) for device in host.facts()["devices"])


def test_each_card_has_the_types_of_its_mode(host):
    host.converge(entry("10C", SLICED, 4), entry("1-5C", MIG, "max"), entry("3-20C", MIG, 1), exact=True)
    assert made(host) == {("0000:41", "10C"): 4, ("0000:c1", "1-5C"): 4, ("0000:c1", "3-20C"): 1}
    result = host.converge(entry("10C", SLICED, 4), entry("1-5C", MIG, "max"), entry("3-20C", MIG, 1), exact=True)
    assert not result["changed"]


def test_more_than_there_are_gpu_instances_is_refused(host):
    with pytest.raises(Refused, match=f"5 more of {NAME.format('1-5C')} are requested, but {MIG} has room for 4"):
        host.converge(entry("1-5C", MIG, 5), exact=True)
    assert not made(host)


@pytest.mark.parametrize(("kind", "card"), [("10C", MIG), ("1-5C", SLICED)])
def test_types_of_the_other_mode_have_no_room(host, kind, card):
    with pytest.raises(Refused, match=f"are requested, but {card} has room for 0"):
        host.converge(entry(kind, card, 1), exact=True)


def test_the_plan_counts_gpu_instances(host):
    profile = {"name": "mig", "select": [MIG], "owner": "none", "mode": "vf", "num_vfs": "max"}
    profile["vgpu"] = [{"type": NAME.format("1-5C")}, {"type": NAME.format("3-20C"), "count": 1}]
    plan, problems = profiles_plan.plan([profile], host.facts(*FACTS))
    assert problems == []
    totals = {share["type"]["name"].partition("-")[2]: share["total"] for share in plan["cards"][0]["shares"]}
    assert totals == {"1-5C": 4, "3-20C": 1}
    profile["vgpu"] = {"type": NAME.format("1-5C")}
    assert profiles_plan.plan([profile], host.facts(*FACTS))[0]["cards"][0]["total"] == 4
    profile["vgpu"] = [{"type": NAME.format("1-5C"), "count": 6}, {"type": NAME.format("3-20C"), "count": 2}]
    (problem,) = profiles_plan.plan([profile], host.facts(*FACTS))[1]
    assert problem.endswith("4 x NVIDIA A100-1-5C and 1 x NVIDIA A100-3-20C would fit")
    profile["vgpu"] = {"type": NAME.format("10C")}
    (problem,) = profiles_plan.plan([profile], host.facts(*FACTS))[1]
    assert problem.endswith("MIG is on, and a time-sliced type needs a GPU without it. Set mig: false in the profile")


def test_the_report_counts_gpu_instances(host):
    host.converge(entry("1-5C", MIG, 1))
    types = {one["name"]: one for one in describe(selection.subjects(host.facts(*FACTS))[MIG])["types"]}
    small, large = (types[NAME.format(kind)] for kind in ("1-5C", "3-20C"))
    assert (small["existing"], small["free"], small["most"]) == (1, 3, 4)
    assert (large["existing"], large["free"], large["most"]) == (0, 1, 1)


def test_a_gpu_instance_with_a_vgpu_is_in_use(host):
    host.converge(entry("3-20C", MIG, 1))
    smi = host.kernel.nvidia_smi
    (large,) = [one.number for one in smi.gpus[MIG].instances if one.profile == "3g.20gb"]
    status, text = smi.run(["mig", "-i", MIG, "-dgi", "-gi", str(large)])
    assert (status, "In use by another client" in text) == (19, True)
