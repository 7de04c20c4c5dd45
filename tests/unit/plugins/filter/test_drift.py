# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.drift import FilterModule

drift = FilterModule().filters()["drift"]


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"changed": False, "diff": {"before": {"a": 1}, "after": {"a": 1}}}, []),
        ({"changed": False, "diff": {"before": {"a": 1}, "after": {"a": 2}}}, ["a: 1 -> 2"]),
        ({"changed": False, "diff": [{"before": "a\n\n", "after": "a\n"}]}, ["it differs from the declaration"]),
        (
            {"diff": {"before": {"a": "x\ny\n", "b": "1\n"}, "after": {"a": "x\nz\n", "c": "2\n"}}},
            ["a has another content", "b is not declared", "c is missing"],
        ),
        ({"changed": True, "skipped": True}, []),
        ({"failed": True, "msg": "no"}, ["no"]),
        ({"failed": True, "msg": "no; nor that", "problems": ["no", "nor that"]}, ["no", "nor that"]),
        ({"changed": True}, ["it differs from the declaration"]),
        (
            {"changed": True, "diff": {"before": {"card": {"num_vfs": 4}}, "after": {"card": {"num_vfs": 8}}}},
            ["card num_vfs: 4 -> 8"],
        ),
        (
            {"changed": True, "diff": {"before": {}, "after": {"rp": {"traits": ["A", "B"], "parent": None}}}},
            ["rp traits: missing -> A, B"],
        ),
        (
            {"changed": True, "diff": {"before": {"rp": {"traits": ["A"]}}, "after": {"rp": {"traits": []}}}},
            ["rp traits: A -> empty"],
        ),
        (
            {"changed": True, "diff": {"before": {}, "after": {"card": dict.fromkeys(range(8), "vfio-pci")}}},
            ["card 0, 1, 2 and 5 more: missing -> vfio-pci"],
        ),
        (
            {"changed": True, "diff": [{"before": "a\nb\n", "after": "a\nc\n", "before_header": "nova.conf"}]},
            ["nova.conf has an undeclared line: b", "nova.conf lacks the line: c"],
        ),
        (
            {"changed": True, "diff": [{"before": None, "after": "a\nb\n", "before_header": "/unit"}]},
            ["/unit is missing"],
        ),
        (
            {"changed": True, "diff": [{"before": "a\nb\n", "after": None, "before_header": "/unit"}]},
            ["/unit is not declared"],
        ),
        (
            {"changed": True, "diff": [{"before": "link to a", "after": "link to b", "before_header": "/unit"}]},
            ["/unit: link to a -> link to b"],
        ),
    ],
)
def test_one_line_for_each_difference(result, lines):
    assert drift({"x": result}) == [f"x: {line}" for line in lines]


def test_results_of_the_modules(simulated, switch):
    run = switch("nics")
    pf = next(card["address"] for card in run.host.facts()["physical_functions"][1:] if card["total_vfs"])
    modes = run({"pf": pf, "mode": "vf", "num_vfs": "2"}, check=True)
    assert f"modes: {pf} num_vfs: 0 -> 2" in drift({"modes": modes})
    host = simulated("t4")
    parent = host.facts()["parents"][0]["name"]
    devices = host.converge({"type": "GRID T4-2B", "parent": parent}, check=True)
    assert drift({"devices": devices}) == [
        f"devices: {parent} {devices['created'][0]}: missing -> GRID T4-2B, created at boot"
    ]


def test_what_is_in_use(simulated):
    host = simulated("t4")
    parent = host.facts()["parents"][0]["name"]
    made = host.converge({"type": "GRID T4-2B", "parent": parent})["created"][0]
    pid = host.kernel.hold(made, comm="qemu-system-x86")
    wanted = {"type": "GRID T4-1B", "parent": parent}
    result = host.converge(wanted, exact=True, on_busy="skip", check=True)
    assert drift({"devices": result}) == [
        f"devices: {parent} {made} is not declared, and is in use by guest simulated (pid {pid}, qemu-system-x86)",
        "devices: new devices of type GRID T4-1B have to wait until devices in use are free",
    ]


def test_devices_that_wait_for_one_in_use_are_counted(simulated):
    host = simulated("t4")
    parent = host.facts()["parents"][0]["name"]
    made = host.converge({"type": "GRID T4-2B", "parent": parent, "count": "max"})["created"]
    host.kernel.hold(made[0], comm="qemu-system-x86")
    wanted = {"type": "GRID T4-1B", "parent": parent, "count": "max"}
    (in_use, blocked, dummy) = drift({"devices": host.converge(wanted, exact=True, on_busy="skip", check=True)})
    assert made[0] in in_use
    assert blocked == f"devices: 7 more devices on {parent} cannot be changed now, because its card is in use"


@pytest.mark.parametrize("results", [None, [], {"a": 1}])
def test_what_is_no_result(results):
    with pytest.raises(AnsibleFilterError, match="drift takes a dictionary"):
        drift(results)


def test_a_provider_that_no_card_stands_behind():
    result = {"diff": {"before": {}, "after": {}}, "unexpected": [{"name": "rp", "uuid": "12-34"}]}
    (line,) = drift({"placement": result})
    assert line.startswith("placement: rp in Placement belongs to a card that is missing on the host")
    assert "`placement_purge: true`" in line
    assert line.endswith("`openstack resource provider show --allocations 12-34`.")
