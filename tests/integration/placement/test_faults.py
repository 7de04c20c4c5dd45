# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test a service that fails sometimes, and other clients that write at the same time."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry
from ansible_collections.vfio.devices.tests.integration.placement.proxy import Rule

MARKER = "CUSTOM_OWNER_VFIO_DEVICES"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Shorten the pauses between attempts."""
    monkeypatch.setattr(retry, "FIRST", 0.001)
    monkeypatch.setattr(retry, "LONGEST", 0.02)


def children(root, count=3, total=4, trait="CUSTOM_A"):
    return [
        {
            "name": f"{root}_vf{number}",
            "parent": root,
            "inventories": {"CUSTOM_VF": {"total": total}},
            "traits": [trait],
        }
        for number in range(count)
    ]


def converged(run, providers):
    result = run(providers)
    return result["changed"] is False and run.writes == []


BREAKAGES = [
    {"action": "500"},
    {"action": "503"},
    {"action": "cut"},
    {"action": "500", "after": True},
    {"action": "cut", "after": True},
    {"action": "503", "times": 3},
    {"action": "delay", "seconds": 0.2, "times": 2},
]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: "-".join(str(value) for value in one.values()))
@pytest.mark.parametrize(
    "match", ["GET ", "POST ", "PUT .*inventories", "PUT .*traits$", "PUT /traits|PUT /resource_c"]
)
def test_one_breakage_reaches_nobody(run, proxy, root, breakage, match):
    proxy.rules.append(Rule(match=match, **breakage))
    result = run(children(root, trait=f"CUSTOM_{root.upper()}"))
    assert "failed" not in result, result["msg"]
    assert result["changed"]
    assert len(result["created"]) == 3
    assert converged(run, children(root, trait=f"CUSTOM_{root.upper()}"))


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: "-".join(str(value) for value in one.values()))
def test_a_broken_removal(run, proxy, cloud, root, breakage):
    run(children(root))
    proxy.rules.append(Rule(match="DELETE ", **breakage))
    result = run(children(root), state="absent")
    assert len(result["removed"]) == 3
    assert set(cloud.tree(root)) == {root}


def test_a_service_that_stays_broken(run, proxy, cloud, root):
    proxy.rules.append(Rule("503", match="PUT .*inventories", times=10**6))
    result = run(children(root), tries=3)
    assert result["failed"]
    assert result["changed"]
    assert "given up after 3 tries" in result["failures"][0]
    assert "503" in result["failures"][0]
    assert result["diff"]["after"][f"{root}_vf0"]["inventories"] == {}
    proxy.clear()
    result = run(children(root))
    assert len(result["updated"]) == 3
    assert converged(run, children(root))


def test_no_service(run, proxy, root, run_module):
    proxy.rules.append(Rule("cut", times=10**6))
    result = run(children(root), tries=2)
    assert result["failed"]
    assert "no answer from Placement" in result["msg"]


def test_reads_that_stay_broken_change_nothing(run, proxy, root):
    run(children(root))
    proxy.rules.append(Rule("500", match="GET .*traits", times=10**6))
    result = run(children(root, total=5), tries=2)
    assert result["msg"].startswith("Nothing was changed in Placement: cannot read the traits of")
    assert run.writes == []


def between(proxy, match, act):
    """Act just before the first matching request reaches Placement."""

    pattern = re.compile(match)
    original = proxy.take
    done = []

    def take(line):
        if not done and pattern.search(line):
            done.append(line)
            act()
        return original(line)

    proxy.take = take
    return done


@pytest.fixture(autouse=True)
def restore(proxy):
    yield
    proxy.__dict__.pop("take", None)


def test_a_guest_between_plan_and_write(run, proxy, cloud, root):
    run(children(root, 1))
    guest = "33333333-0000-0000-0000-000000000001"
    done = between(proxy, "PUT .*inventories", lambda: cloud.allocate(guest, f"{root}_vf0", {"CUSTOM_VF": 1}))
    result = run(children(root, 1, total=5))
    assert done
    assert result["retries"] == 1
    assert result["updated"] == [f"{root}_vf0"]
    assert cloud.get(f"{root}_vf0", "usages") == {"CUSTOM_VF": 1}


def test_a_guest_that_makes_the_plan_wrong(run, proxy, cloud, root):
    run(children(root, 2))
    guest = "33333333-0000-0000-0000-000000000002"
    put = f"PUT .*{cloud.provider(f'{root}_vf0')['uuid']}/inventories"
    between(proxy, put, lambda: cloud.allocate(guest, f"{root}_vf0", {"CUSTOM_VF": 3}))
    result = run(children(root, 2, total=2))
    assert result["failed"]
    assert "cannot shrink to total 2" in result["failures"][0]
    assert result["updated"] == [f"{root}_vf1"]
    assert cloud.get(f"{root}_vf0", "inventories")["CUSTOM_VF"]["total"] == 4


def test_somebody_made_the_same_provider(run, proxy, cloud, root):
    entry = children(root, 1)
    uuid = run(entry, check=True)["providers"][0]["uuid"]
    between(proxy, "POST ", lambda: cloud.make(f"{root}_vf0", root, uuid=uuid))
    result = run(entry)
    assert "failed" not in result, result["msg"]
    assert converged(run, entry)


def test_somebody_removed_the_provider(run, proxy, cloud, root):
    entry = children(root, 1)
    run(entry)
    uuid = cloud.provider(f"{root}_vf0")["uuid"]
    between(proxy, "PUT .*inventories", lambda: cloud("DELETE", f"/resource_providers/{uuid}"))
    result = run(children(root, 1, total=6))
    assert "failed" not in result, result["msg"]
    assert converged(run, children(root, 1, total=6))


def test_somebody_took_the_marker_away(run, proxy, cloud, root):
    run(children(root, 1))
    between(proxy, "PUT .*inventories", lambda: cloud.set(f"{root}_vf0", "traits", ["OWNER_NOVA"]))
    result = run(children(root, 1, total=6))
    assert "belongs to nova" in result["msg"]


def test_a_child_that_came_before_the_removal(run, proxy, cloud, root):
    run(children(root, 1))
    between(proxy, "DELETE ", lambda: cloud.make(f"{root}_late", f"{root}_vf0"))
    result = run(children(root, 1), state="absent")
    assert result["failed"]
    assert "Placement says 409" in result["failures"][0]
    assert result["changed"] is False


@pytest.mark.parametrize("newest", ["1.30", "1.26", "1.25", "nonsense"])
def test_older_versions(run, proxy, root, newest, monkeypatch):
    """Check that an older server rejects the version and reports its own."""
    from ansible_collections.vfio.devices.plugins.module_utils._placement import client
    from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import Reply

    asked = []
    original = client.SdkTransport._send_once

    def older(self, method, path, body):
        asked.append(self.version)
        if newest == "nonsense" or self.version > tuple(int(part) for part in newest.split(".")):
            return Reply(406, {"errors": [{"status": 406, "max_version": newest, "title": "Not Acceptable"}]})
        return original(self, method, path, body)

    monkeypatch.setattr(client.SdkTransport, "_send_once", older)
    result = run_counted(run, children(root))
    if newest in ("1.30", "1.26"):
        assert "failed" not in result, result["msg"]
        assert asked[-1] == tuple(int(part) for part in newest.split("."))
    elif newest == "1.25":
        assert "too old: its newest API version is 1.25, but 1.26 is required" in result["msg"]
    else:
        assert "cannot negotiate an API version with Placement" in result["msg"]


def run_counted(run, providers):
    """Run the module without the comparison of counts, which fake responses would distort."""
    run.proxy.requests.clear()
    from ansible_collections.vfio.devices.plugins.modules import placement_inventory

    return run.run_module(placement_inventory, {**run.options(), "providers": providers})
