# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._modes import result as modes_result

ICE, MLX5 = "0000:31:00.0", "0000:98:00.0"


def test_addresses_of_new_functions_follow_from_the_capability():
    assert modes_result._moved("0000:01:00.0", 128, 2, 0) == "0000:01:10.0"
    assert modes_result._moved("0000:01:00.1", 128, 2, 6) == "0000:01:11.5"
    assert modes_result._moved("0000:c1:00.0", 256, 1, 9) == "0000:c2:01.1"
    assert modes_result._moved("0000:c1:00.0", None, 1, 9) is None


def test_prediction_of_whole_card(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    (function,) = run({"pf": ICE, "mode": "pf"}, check=True)["functions"]
    assert function["after"] == {
        "mode": "pf",
        "driver": "vfio-pci",
        "driver_override": "vfio-pci",
        "num_vfs": 0,
        "drivers_autoprobe": True,
        "netdevs": [],
        "virtual_functions": [],
    }
    assert function["seconds"] is None
    assert len(function["before"]["virtual_functions"]) == 2


def test_check_mode_writes_nothing(switch):
    run = switch("nics")
    before = dict(run.host.kernel.tree.nodes)
    assert run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "vf", "num_vfs": "4"}, check=True)["changed"]
    assert run.host.kernel.tree.nodes == before


def test_difference_names_what_the_kernel_chooses_default(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "3", "vfs": [{"index": "1", "driver": "vfio-pci"}]}
    result = run(entry)
    assert result["diff"]["after"][ICE] == {
        "mode": "vf",
        "driver": "native",
        "driver_override": None,
        "num_vfs": 3,
        "drivers_autoprobe": True,
        "vf_drivers": {0: "default", 1: "vfio-pci", 2: "default"},
    }
    assert [one["driver"] for one in result["functions"][0]["after"]["virtual_functions"]] == [
        "iavf",
        "vfio-pci",
        "iavf",
    ]


def test_unbound_functions_that_are_offered_again(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    virtual = run.card(ICE)["virtual"][1][0]
    run.host.write(f"sys/bus/pci/devices/{virtual}/driver/unbind", virtual)
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vf_driver": "default"})
    assert "bound virtual function 1 to iavf" in result["functions"][0]["done"]


def test_functions_that_no_driver_takes_are_no_change(switch):
    run = switch("nvme")
    entry = {"pf": "0000:61:00.0", "mode": "vf", "num_vfs": "2", "vf_driver": "default"}
    run(entry)
    assert not run(entry)["changed"]
