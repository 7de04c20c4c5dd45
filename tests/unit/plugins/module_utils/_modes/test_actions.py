# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._modes.actions import links

ICE, QAT = "0000:31:00.0", "0000:6b:00.0"


def test_links_are_ordered_by_number(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "12"})
    assert list(links(run.host.root(), ICE)) == list(range(12))


def test_driver_that_makes_fewer_is_found_out(switch):
    run = switch("nics")
    run.host.kernel.drivers["ice"].enables = 3
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "4"})
    assert result["functions"][0]["action"] == "restored"
    assert "has 3 virtual functions after the driver ice accepted 4" in result["failures"][0]


def test_driver_that_always_makes_all(switch):
    profile = {
        "functions": [
            {
                "address": QAT,
                "vendor": "8086",
                "device": "4940",
                "class_code": "0b4000",
                "driver": "qat_4xxx",
                "sriov": {"total": 16, "device": "4941"},
            }
        ]
    }
    run = switch(profile)
    result = run({"pf": QAT, "mode": "vf", "num_vfs": "4"})
    assert "has 16 virtual functions after the driver qat_4xxx accepted 4" in result["failures"][0]
    assert result["functions"][0]["action"] == "restored"
    assert run({"pf": QAT, "mode": "vf", "num_vfs": "max"})["functions"][0]["after"]["num_vfs"] == 16
