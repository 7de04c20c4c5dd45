# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the requests of a task on the wire."""

from __future__ import annotations

import pytest


def children(root, count, tag):
    return [
        {
            "name": f"{root}_vf{number}",
            "parent": root,
            "inventories": {f"CUSTOM_VF_{tag}": {"total": 4}},
            "traits": [f"CUSTOM_T_{tag}"],
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, 4, 16])
def test_below_an_existing_root(run, root, count):
    tag = root.upper()
    run([{"name": "warm-up"}], create_roots=True)
    run(children("warm-up", 1, "WARM"))
    new = run([{"name": root}, *children(root, count, tag)])
    assert new["calls"] == 3 * count + 3 + 2
    assert run([{"name": root}, *children(root, count, tag)], check=True)["calls"] == 2 * count + 2
    same = run([{"name": root}, *children(root, count, tag)])
    assert same["calls"] == 2 * count + 2
    assert run.writes == []
    assert run(children(root, count, tag))["calls"] == 2 * count + 2


def test_with_a_new_root(run, root):
    run(children(root, 1, "NEWROOT"))
    name = f"{root}-new"
    assert run([{"name": name}, *children(name, 4, "NEWROOT")], create_roots=True)["calls"] == 3 * 4 + 3 + 1


def test_one_change(run, root):
    wanted = children(root, 4, "CHANGE")
    run(wanted)
    wanted[2]["inventories"]["CUSTOM_VF_CHANGE"]["total"] = 5
    assert run(wanted)["calls"] == 2 * 4 + 2 + 1
    wanted[2]["inventories"]["CUSTOM_VF_CHANGE"]["total"] = 3
    assert run(wanted)["calls"] == 2 * 4 + 2 + 1 + 1  # and the usages


def test_a_purge_that_finds_nothing_to_look_at(run, root):
    run(children(root, 4, "PURGE"))
    assert run(children(root, 4, "PURGE"), purge=True, scope=[root])["calls"] == 2 * 4 + 2


def test_removal(run, root):
    run(children(root, 4, "REMOVAL"))
    assert run(children(root, 4, "REMOVAL"), state="absent")["calls"] == 2 + 4 * 4
    assert run(children(root, 4, "REMOVAL"), state="absent")["calls"] == 2


def test_connections_are_kept(run, proxy, root):
    run(children(root, 16, "KEEP"))
    proxy.clear()
    run(children(root, 16, "KEEP"))
    assert proxy.connections <= 6


def test_what_is_not_listed_costs_one_more(run, root):
    run(children(root, 2, "UNEXPECTED"))
    listed = run([{"name": root}, *children(root, 1, "UNEXPECTED")])
    assert listed["calls"] == 2 * 1 + 2 + 1
    assert [one["name"] for one in listed["unexpected"]] == [f"{root}_vf1"]
    assert run(children(root, 1, "UNEXPECTED"))["calls"] == 2 * 1 + 2
