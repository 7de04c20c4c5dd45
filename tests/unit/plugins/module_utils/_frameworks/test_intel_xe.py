# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import intel_xe
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.host import VfSettings
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

CARD = "0000:03:00.0"
PROFILE = f"sys/bus/pci/devices/{CARD}/sriov_admin/vf{{}}/profile"


@pytest.fixture
def host(simulated):
    return simulated("xe")


def shares(index, **values):
    return {"index": str(index), **values}


def entry(*vfs, num_vfs="4"):
    return {"pf": CARD, "mode": "vf", "num_vfs": num_vfs, "vfs": list(vfs)}


def read(host, number, name):
    return host.root().read(f"{PROFILE.format(number)}/{name}")


def test_shares_of_functions_that_are_not_there_yet(host):
    assert intel_xe.observe(host.root(), CARD, [0, 11]) == {
        index: VfSettings(exec_quantum_ms=0, preempt_timeout_us=0, vram_quota=0) for index in (0, 11)
    }
    assert intel_xe.priority(host.root(), CARD, 0) == "normal"
    assert intel_xe.observe(host.root(), "0000:04:00.0", [0]) == {}


def test_smaller_quotas_leave_room_for_larger_ones(host):
    intel_xe.apply(host.root(), CARD, {0: VfSettings(vram_quota=20480)})
    intel_xe.apply(host.root(), CARD, {1: VfSettings(vram_quota=20480), 0: VfSettings(vram_quota=4096)})
    assert (read(host, 1, "vram_quota"), read(host, 2, "vram_quota")) == (str(4096 << 20), str(20480 << 20))
    with pytest.raises(HostError, match="ENOSPC"):
        intel_xe.apply(host.root(), CARD, {2: VfSettings(vram_quota=1)})


def test_shares_are_set_before_functions_are_made(host):
    run = Switch(host)
    wanted = entry(shares("0-1", vram_quota=8192, exec_quantum_ms=20), shares(2, preempt_timeout_us=1000))
    host.kernel.faults.fail("*/sriov_numvfs", errno.EIO, operations=("write",), times=1)
    run(wanted)
    assert read(host, 1, "vram_quota") == str(8192 << 20)
    result = run(wanted)
    assert result["changed"]
    assert (read(host, 2, "exec_quantum_ms"), read(host, 3, "preempt_timeout_us")) == ("20", "1000")
    assert not run(wanted)["changed"]
    assert run(entry(shares(0, exec_quantum_ms=30)))["changed"]
    assert (read(host, 1, "exec_quantum_ms"), read(host, 1, "vram_quota")) == ("30", str(8192 << 20))


def test_facts_have_the_shares(host):
    Switch(host)(entry(shares(0, vram_quota=1024), num_vfs="2"))
    (card,) = host.facts()["physical_functions"]
    assert [one["shares"]["vram_quota"] for one in card["virtual_functions"]] == [1024, 0]
    assert card["virtual_functions"][0]["shares"]["sched_priority"] == "normal"


def test_a_function_of_a_guest_keeps_its_share(host):
    run = Switch(host)
    run({**entry(shares(0, exec_quantum_ms=10)), "vf_driver": "vfio-pci"})
    (card,) = host.facts()["physical_functions"]
    host.kernel.hold(card["virtual_functions"][0]["address"])
    with pytest.raises(Refused, match="in use"):
        run({**entry(shares(0, exec_quantum_ms=20)), "vf_driver": "vfio-pci"})
    assert read(host, 1, "exec_quantum_ms") == "10"


@pytest.mark.parametrize(("profile", "card"), [("xe", CARD), ("nics", "0000:31:00.0")])
def test_a_card_without_such_shares(simulated, profile, card):
    host = simulated(profile)
    if profile == "xe":
        for number in range(1, 13):
            host.kernel.tree.remove(f"{host.kernel.pci.devices[CARD].path}/sriov_admin/vf{number}/profile/vram_quota")
    wanted = {"pf": card, "mode": "vf", "num_vfs": "2", "vfs": [shares(0, vram_quota=1024)]}
    with pytest.raises(Refused, match="vram_quota of vfs requires an Intel GPU with the driver xe"):
        Switch(host)(wanted)
