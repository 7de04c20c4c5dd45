# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.action import mdev_instance as action
from ansible_collections.vfio.devices.plugins.modules import mdev_instance as module

UUIDS = [f"c2177883-f1bb-47f0-914d-32a22e3a880{number}" for number in range(5)]


def named(kind):
    return {"instances": [{"type": kind, "parent": "mtty", "uuid": uuid} for uuid in UUIDS]}


def test_in_parts_it_is_the_same_result(simulated, run_module, act):
    for kind in ("mtty-1", "mtty-2"):
        whole, cut = simulated("mtty"), simulated("mtty")
        for host in (whole, cut) if kind == "mtty-2" else ():
            run_module(module, named("mtty-1"), host)
        assert act(action, module, named(kind), cut) == run_module(module, named(kind), whole)
        assert cut.devices() == whole.devices()
    assert act.lines[0].startswith("compute7: 1 of 5 devices after ")


def test_a_guest_that_comes_meanwhile_stops_it(simulated, run_module, act):
    host = simulated("mtty")
    run_module(module, named("mtty-1"), host)

    def come(call):
        if call == 1:
            host.kernel.hold(UUIDS[4], pid=4242)

    result = act(action, module, named("mtty-2"), host, come)
    assert result["failed"] is True
    assert result["msg"].startswith(
        f"Stopped during the run, and completed changes remain: {UUIDS[4]} on mtty is in use by"
    )
    assert (result["changed"], result["removed"]) == (True, [UUIDS[0]])
    host.kernel.release(UUIDS[4])
    act(action, module, named("mtty-2"), host)
    assert {kind for parent, kind in host.devices().values()} == {"mtty-2"}


def test_what_failed_is_not_tried_again(simulated, act):
    host = simulated("mtty")
    host.kernel.faults.fail("*/create", 5, operations=("write",), skip=2, times=1)
    result = act(action, module, {"instances": [{"type": "mtty-1", "parent": "mtty", "count": "5"}]}, host)
    assert (result["failed"], len(result["failures"]), len(result["created"])) == (True, 1, 2)
    assert len(act.calls) == 3
