# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host import replacement
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._site.stages import apply
from ansible_collections.vfio.devices.plugins.modules.mdev_instance import INSTANCE
from ansible_collections.vfio.devices.plugins.modules.sriov_pf_mode import FUNCTION

T4, ICE = "0000:3b:00.0", "0000:31:00.0"
COMMON = {"on_busy": "fail", "accept_unseen": [], "persist": True, "timeout": 30, "host_root": "/simulated"}
BOOT = {"state": "present", "python": None, "timeout": 60, "host_root": "/simulated"}
NOW = Call(False)
TEXT = "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n"


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


def settings(tmp_path, *paths, **more):
    """Return the options of managed_files. Their root is a real directory."""
    common = {**dict.fromkeys(("variable", "suggestion", "owner", "group", "mode"), ""), "content": TEXT, **more}
    return {"host_root": str(tmp_path), "program": "", "files": [{**common, "path": path} for path in paths]}


def test_settings_are_written_last(simulated, tmp_path):
    wanted = {"cyborg": settings(tmp_path, "/c"), "nova": settings(tmp_path, "/n"), "boot": BOOT, "devices": devices()}
    host = simulated("t4")
    predicted = apply(host.root(), wanted, [], Call(True))
    assert not list(tmp_path.iterdir())
    result = apply(host.root(), wanted, ["devices"], NOW)
    assert list(result["stages"]) == ["devices", "boot", "nova", "cyborg"]
    assert all(result["stages"][name] == predicted["stages"][name] for name in ("nova", "cyborg"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "n"]
    assert len(result["facts"]["devices"]) == 2
    assert not apply(host.root(), wanted, [], NOW)["changed"]


def test_refused_settings_keep_all_stages_from_work(simulated, tmp_path):
    host = simulated("t4")
    (tmp_path / "n").write_text("[pci]\n")
    with pytest.raises(Refused, match="was not written by"):
        apply(host.root(), {"devices": devices(), "nova": settings(tmp_path, "/n")}, [], NOW)
    assert not host.devices()


def test_a_failure_before_the_settings_keeps_them(simulated, tmp_path):
    host = simulated("t4")
    host.kernel.faults.fail("usr/local/lib/*", errno.EIO, operations=("write",), skip=1)
    result = apply(host.root(), {"devices": devices(), "boot": BOOT, "nova": settings(tmp_path, "/n")}, [], NOW)
    assert (result["failed"], list(result["stages"])) == (True, ["devices", "boot"])
    assert not list(tmp_path.iterdir())


def test_settings_are_not_written_if_a_device_was_skipped(simulated, tmp_path):
    host = simulated("t4")
    apply(host.root(), {"devices": devices()}, [], NOW)
    host.kernel.hold(next(iter(host.devices())))
    wanted = {"devices": devices("GRID T4-4Q", on_busy="skip"), "nova": settings(tmp_path, "/n")}
    for call in (Call(True), NOW):
        result = apply(host.root(), wanted, ["devices"], call)
        assert list(result["stages"]) == ["devices"]
        assert not result.get("failed")
    assert not list(tmp_path.iterdir())


def test_a_failure_of_settings_is_left_to_the_role(simulated, tmp_path, monkeypatch):
    write_file = replacement.write_file

    def fail(place, *arguments):
        if place.endswith("b"):
            raise OSError(errno.EIO, "injected")
        write_file(place, *arguments)

    monkeypatch.setattr(replacement, "write_file", fail)
    wanted = {"devices": devices(), "nova": settings(tmp_path, "/a", "/b"), "cyborg": settings(tmp_path, "/c")}
    host = simulated("t4")
    result = apply(host.root(), wanted, ["devices"], NOW)
    assert list(result["stages"]) == ["devices", "nova"]
    assert "failed" not in result
    assert len(result["facts"]["devices"]) == 2
    nova = result["stages"]["nova"]
    assert (nova["failed"], nova["changed"], nova["restart"]) == (True, True, True)
    assert [one["path"] for one in nova["files"]] == [f"{tmp_path}/a"]
    monkeypatch.undo()
    again = apply(host.root(), wanted, [], NOW)
    actions = [one["action"] for name in ("nova", "cyborg") for one in again["stages"][name]["files"]]
    assert actions == ["kept", "created", "created"]
