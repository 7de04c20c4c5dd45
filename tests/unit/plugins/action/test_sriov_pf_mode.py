# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.action import sriov_pf_mode as action
from ansible_collections.vfio.devices.plugins.module_utils._modes import entry_point
from ansible_collections.vfio.devices.plugins.modules import sriov_pf_mode as module

IGB, ICE, MLX5, BNXT = "0000:01:00.1", "0000:31:00.0", "0000:98:00.0", "0000:c1:00.0"
CARDS = (IGB, ICE, MLX5, BNXT)


@pytest.fixture(autouse=True)
def no_connection(monkeypatch):
    monkeypatch.setattr(entry_point.network, "connection_of", lambda *arguments: [])


def cards(names=CARDS):
    return {"functions": [{"pf": pf, "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"} for pf in names]}


def without_times(result):
    return {**result, "functions": [{**one, "seconds": one["seconds"] is not None} for one in result["functions"]]}


def test_in_parts_it_is_the_same_result(simulated, run_module, act):
    whole, cut = simulated("nics"), simulated("nics")
    run_module(module, cards([ICE]), whole)
    run_module(module, cards([ICE]), cut)
    result = act(action, module, cards(), cut)
    assert without_times(result) == without_times(run_module(module, cards(), whole))
    assert [one["action"] for one in result["functions"]] == ["changed", "unchanged", "changed", "changed"]
    assert [line.partition(" after")[0] for line in act.lines] == [
        "compute7: 1 of 3 cards",
        "compute7: 2 of 3 cards",
    ]


def test_what_failed_is_not_tried_again(simulated, act):
    host = simulated("nics")
    host.kernel.drivers["ice"].fails_with = "ENOMEM"
    result = act(action, module, cards(), host)
    assert [one["action"] for one in result["functions"]] == ["changed", "restored", "changed", "changed"]
    assert (result["failed"], len(act.calls)) == (True, 2)
    assert "0000:31:00.0" in result["msg"]
