# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._site.stages import apply
from ansible_collections.vfio.devices.plugins.modules.mdev_instance import INSTANCE
from ansible_collections.vfio.devices.plugins.modules.sriov_pf_mode import FUNCTION

T4, ICE = "0000:3b:00.0", "0000:31:00.0"
COMMON = {"on_busy": "fail", "accept_unseen": [], "persist": True, "timeout": 30, "host_root": "/simulated"}
BOOT = {"state": "present", "python": None, "timeout": 60, "host_root": "/simulated"}
NOW = Call(False)


def devices(type_name="GRID T4-2Q", count="2", **more):
    one = {**dict.fromkeys(INSTANCE), "parent": T4, "type": [type_name], "count": count}
    return {**COMMON, "instances": [one], "state": "present", "exact": True, "placement": "spread", **more}


def modes(pf=ICE, **more):
    one = {**dict.fromkeys(FUNCTION), "reconfigurable": True, "pf": pf, "mode": "vf", "num_vfs": "2", **more}
    return {**COMMON, "functions": [one], "allow_host_network": False}


def test_the_stages_follow_each_other(simulated):
    host = simulated("t4")
    result = apply(host.root(), {"boot": BOOT, "devices": devices()}, ["devices"], NOW)
    assert result["changed"]
    assert list(result["stages"]) == ["devices", "boot"]
    assert len(result["facts"]["devices"]) == 2
    again = apply(host.root(), {"boot": BOOT, "devices": devices()}, [], NOW)
    assert not again["changed"]
    assert "facts" not in again


def test_check_mode_predicts_and_changes_nothing(simulated):
    host = simulated("t4")
    predicted = apply(host.root(), {"devices": devices(), "boot": BOOT}, ["devices"], Call(True))
    assert not host.devices()
    assert "facts" not in predicted
    real = apply(host.root(), {"devices": devices(), "boot": BOOT}, [], NOW)
    for stage in ("devices", "boot"):
        assert predicted["stages"][stage]["diff"] == real["stages"][stage]["diff"]


def test_one_refusal_keeps_all_stages_from_work(simulated):
    host = simulated("mixed")
    wanted = {"modes": modes("0000:5e:00.0"), "devices": devices("NONE"), "boot": {**BOOT, "python": "/none"}}
    with pytest.raises(Refused) as refused:
        apply(host.root(), wanted, [], NOW)
    assert len(refused.value.problems) == 2
    assert host.facts() == simulated("mixed").facts()


def test_what_was_checked_is_not_checked_again(simulated):
    wanted = {"devices": devices(), "boot": {**BOOT, "python": "/none"}}
    result = apply(simulated("t4").root(), wanted, [], NOW, is_checked=True)
    assert result["msg"].startswith("The changes before this step remain: ")
    assert result["stages"]["devices"]["changed"]


def test_a_failure_ends_the_work_and_keeps_the_results(simulated):
    host = simulated("t4")
    host.kernel.faults.fail("usr/local/lib/*", errno.EIO, operations=("write",), skip=1)
    result = apply(host.root(), {"devices": devices(), "boot": BOOT}, ["devices"], NOW)
    assert (result["changed"], result["failed"], list(result["stages"])) == (True, True, ["devices", "boot"])
    assert result["msg"] == result["stages"]["boot"]["msg"]
    assert len(host.devices()) == 2
    assert "facts" not in result


def test_the_end_of_the_time_is_reported(simulated):
    host = simulated("t4")
    result = apply(host.root(), {"devices": devices(count="4"), "boot": BOOT}, ["devices"], Call(False, 0.0))
    assert result["progress"]["left"] == 3
    assert set(result["stages"]) == {"devices"}
    assert "facts" not in result


def test_what_was_done_before_is_not_denied(simulated):
    host = simulated("t4")
    given = {"boot": {**BOOT, "python": "/none"}}
    assert apply(host.root(), given, [], NOW)["msg"].startswith("Nothing was changed: ")
    found = apply(host.root(), given, [], NOW, has_changed=True)
    assert found["msg"].startswith("The changes before this step remain: ")
    assert found["failed"] and found["problems"]
