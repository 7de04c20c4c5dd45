# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import intel_i915
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.host import VfSettings
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

CARD = "0000:00:02.0"
HOME = f"sys/bus/pci/devices/{CARD}/drm/card0/prelim_iov"


@pytest.fixture
def host(simulated):
    return simulated("i915")


def entry(*vfs, num_vfs="2"):
    return {"pf": CARD, "mode": "vf", "num_vfs": num_vfs, "vfs": list(vfs)}


def shares(index, **values):
    return {"index": str(index), **values}


def quotas(index, ggtt=512, contexts=1024, **values):
    return shares(index, ggtt_quota=ggtt, contexts_quota=contexts, **values)


def read(host, number, name):
    return host.root().read(f"{HOME}/vf{number}/gt0/{name}")


def is_automatic(host):
    return host.root().read(f"{HOME}/pf/auto_provisioning") == "1"


def test_a_host_without_such_a_card(simulated):
    assert intel_i915.observe(simulated("xe").root(), "0000:03:00.0", [0]) == {}
    assert intel_i915.facts(simulated("gvt").root(), CARD, [0]) == {}


def test_equal_parts_are_given_by_the_driver_alone(host):
    run = Switch(host)
    assert run(entry(), persist=None)["changed"]
    assert is_automatic(host)
    assert read(host, 2, "ggtt_quota") == str(1536 << 20)
    (card,) = host.facts()["physical_functions"]
    assert [one["shares"] for one in card["virtual_functions"]] == [
        {
            "exec_quantum_ms": 0,
            "preempt_timeout_us": 0,
            "ggtt_quota": 1536,
            "contexts_quota": 28672,
            "vram_quota": None,
            "doorbells_quota": 128,
            "auto_provisioning": True,
        }
    ] * 2
    assert not run(entry(quotas("0-1", 0, 0)), persist=None)["changed"]


def test_a_driver_that_stays_without_equal_parts_is_an_error(host):
    host.kernel.faults.content(f"{HOME}/pf/auto_provisioning", b"0\n")
    with pytest.raises(HostError, match="auto_provisioning reads 0, although 1 was written"):
        intel_i915.prepare(host.root(), CARD, 2)


def test_facts_read_each_share_once(host):
    Switch(host)(entry(), persist=None)
    host.files.reads.clear()
    host.facts()
    read_files = {path: number for path, number in host.files.reads.items() if "/prelim_iov/" in path}
    assert len(read_files) == 2 * 6 + 1
    assert set(read_files.values()) == {1}


def test_quotas_of_all_functions_before_they_are_made(host):
    run = Switch(host)
    wanted = entry(quotas(0, doorbells_quota=32), quotas(1, ggtt=1024, exec_quantum_ms=20))
    assert run(wanted)["changed"]
    assert (read(host, 1, "ggtt_quota"), read(host, 2, "ggtt_quota")) == (str(512 << 20), str(1024 << 20))
    assert (read(host, 1, "doorbells_quota"), read(host, 2, "exec_quantum_ms")) == ("32", "20")
    assert not is_automatic(host)
    assert not run(wanted)["changed"]


def test_a_time_slice_alone_leaves_the_parts_to_the_driver(host):
    """After the first share is set, the driver would create functions without memory."""
    run = Switch(host)
    wanted = entry(shares("0-1", exec_quantum_ms=20))
    run(wanted)
    assert is_automatic(host)
    assert (read(host, 2, "exec_quantum_ms"), read(host, 2, "ggtt_quota")) == ("20", str(1536 << 20))
    assert not run(wanted)["changed"]
    run(entry(shares("0-1", exec_quantum_ms=30)))
    assert not is_automatic(host)
    run(entry(shares("0-2", exec_quantum_ms=30), num_vfs="3"))
    assert (read(host, 3, "exec_quantum_ms"), read(host, 3, "ggtt_quota")) == ("30", str(1024 << 20))


def test_functions_beside_others_with_quotas_are_not_made_without_memory(host):
    run = Switch(host)
    run(entry(quotas("0-1")))
    (failure,) = run(entry(num_vfs="3"))["failures"]
    assert "VF 2 has no quotas, but VF 0, 1 has. Set ggtt_quota and contexts_quota in vfs for all" in failure
    assert [one["num_vfs"] for one in host.facts()["physical_functions"]] == [2]
    assert run(entry(quotas("0-1", 0, 0), num_vfs="3"))["changed"]
    assert read(host, 3, "ggtt_quota") == str(1024 << 20)


@pytest.mark.parametrize(
    ("vfs", "sentence"),
    [
        (
            [quotas(0)],
            "needs ggtt_quota and contexts_quota for all 2 virtual functions if one of them has a quota. VF 1 has not",
        ),
        ([shares("0-1", ggtt_quota=512)], "VF 0, 1 has not all of them. Add the quotas to vfs, or remove all quotas"),
        ([quotas("0-1", contexts=1000)], "contexts_quota 1000 of vfs is not a multiple of 128"),
        ([quotas("0-1", vram_quota=8)], "vram_quota of vfs requires an Intel GPU with the driver xe"),
    ],
)
def test_quotas_that_the_driver_would_reject_or_round(host, vfs, sentence):
    with pytest.raises(Refused, match=sentence):
        Switch(host)(entry(*vfs))
    assert is_automatic(host)


def test_the_nearest_number_of_contexts_is_named():
    (sentence,) = intel_i915.check({0: VfSettings(ggtt_quota=1, contexts_quota=1000)}, {0: VfSettings()}, 1)
    assert sentence.endswith("Set contexts_quota: 1024")


@pytest.mark.parametrize("name", ["ggtt_quota", "contexts_quota", "exec_quantum_ms"])
def test_a_share_that_fails_makes_no_functions_and_the_next_run_goes_on(host, name):
    run = Switch(host)
    wanted = entry(quotas("0-1", exec_quantum_ms=10))
    host.kernel.faults.fail(f"*/vf2/gt0/{name}", errno.EIO, operations=("write",), times=1)
    (failure,) = run(wanted)["failures"]
    assert "EIO" in failure
    assert [one["num_vfs"] for one in host.facts()["physical_functions"]] == [0]
    assert run(wanted)["changed"]
    assert read(host, 2, "ggtt_quota") == str(512 << 20)


def test_too_much_together_names_the_file(host):
    (failure,) = Switch(host)(entry(quotas("0-1", ggtt=2048)))["failures"]
    assert "EDQUOT" in failure and "vf2/gt0/ggtt_quota" in failure
