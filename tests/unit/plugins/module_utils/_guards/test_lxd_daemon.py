# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import containers
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._host import unix_http
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER, Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_lxd import BACKUP, POOL, backup
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    FUNCTIONS,
    VF0,
    VF1,
    add_links,
)

INCUS, SNAP = "var/lib/incus", "var/snap/lxd/common/lxd"
MEMBER = "member-1"
SERVER = {
    "api_extensions": ["instance_all_projects"],
    "environment": {"server_name": MEMBER, "server_clustered": False},
}
CLUSTERED = {**SERVER, "environment": {"server_name": MEMBER, "server_clustered": True}}
ALL = "/1.0/instances?recursion=1&all-projects=true"
NETWORKS = "/1.0/networks?recursion=1"
WEB1 = {"name": "web1", "project": "default", "status": "Stopped", "type": "virtual-machine"}
PASSED = {"type": "pci", "address": "0000:41:00.2"}
# The simulator has no empty directories, so a file stands for the pool.
HIDDEN = {f"{SNAP}/storage-pools/default": "", f"{SNAP}/unix.socket": ""}


@pytest.fixture
def ask(simulated, monkeypatch):
    """Return a function that returns what the guard sees, given the answers of the daemon by path."""

    def get(host, socket, target):
        ask.asked.append((socket, target))
        answer = ask.answers.get(target, {"error": "Not Found"})
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, str) else json.dumps(answer)

    def ask(files, answers, process=None, at_boot=False):
        host = simulated("empty", files={**files, **({"proc/7/comm": process} if process else {})})
        add_links(host.kernel.tree)
        kept = (Exception, str)
        ask.answers = {path: one if isinstance(one, kept) else {"metadata": one} for path, one in answers.items()}
        ask.asked = []
        root = host.root()
        root.may_start_daemons = not at_boot
        return list(containers.observe(root, Scene(FUNCTIONS, [], Processes(root))))

    monkeypatch.setattr(unix_http, "get", get)
    return ask


@pytest.mark.parametrize(
    ("base", "process", "socket"),
    [
        (INCUS, "incusd", "var/lib/incus/unix.socket"),
        (INCUS, "incusd", "run/incus/unix.socket"),
        (SNAP, "lxd", "var/snap/lxd/common/lxd/unix.socket"),
        ("var/lib/lxd", "lxd", "var/lib/lxd/unix.socket"),
    ],
)
def test_instances_of_a_pool_that_is_not_mounted(ask, base, process, socket):
    """The pools of ZFS and LVM."""
    files = {f"{base}/storage-pools/default/containers/{name}/x": "" for name in ("web1", "p1_web1", "empty")}
    instances = [
        {**WEB1, "expanded_devices": {"one": PASSED, "root": {"type": "disk", "path": "/"}}},
        {
            **WEB1,
            "project": "p1",
            "status": "Running",
            "expanded_config": {"volatile.eth1.last_state.pci.slot.name": "0000:41:00.3"},
        },
        {**WEB1, "name": "empty", "expanded_devices": {}},
        {**WEB1, "name": "of-another-member", "expanded_devices": {"one": {"type": "gpu"}}},
    ]
    found = ask({**files, socket: ""}, {"/1.0": SERVER, ALL: instances}, process)
    assert {(use.subject, use.holder.guest, use.holder.running) for use in found} == {
        (VF0, "web1", False),
        (VF1, "p1_web1", True),
    }
    assert {place for place, _target in ask.asked} == {socket}


@pytest.mark.parametrize(("kind", "effects"), [("container", LOSES_DRIVER), ("virtual-machine", EVERY_EFFECT)])
def test_a_container_needs_the_driver_of_a_whole_function(ask, kind, effects):
    instance = {**WEB1, "type": kind, "expanded_devices": {"one": {"type": "gpu", "pci": "0000:41:00.2"}}}
    (use,) = ask(HIDDEN, {"/1.0": SERVER, ALL: [instance]})
    assert use.ended_by == effects


LATE = "the daemon did not answer within 30 s. Check the daemon with incus info, or rename /var/lib/incus"
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


@pytest.mark.parametrize(
    ("answers", "unknown", "reason"),
    [
        ({"/1.0": REFUSED}, "instance web1 and 1 more", "unix.socket of the daemon gives ECONNREFUSED"),
        ({"/1.0": TimeoutError()}, "instance web1 and 1 more", LATE),
        ({"/1.0": RuntimeError("IncompleteRead")}, "instance web1 and 1 more", "to /1.0 is invalid: IncompleteRead"),
        ({"/1.0": "{"}, "instance web1 and 1 more", "to /1.0 is invalid: "),
        ({"/1.0": SERVER}, "instance web1 and 1 more", "Not Found"),
        (
            {"/1.0": SERVER, ALL: [{**WEB1, "name": "web2"}]},
            "instance web1",
            "does not report it. Read them with incus config show --expanded",
        ),
    ],
)
def test_instances_that_the_daemon_does_not_report_are_unknown(ask, answers, unknown, reason):
    files = {f"{POOL}/containers/{name}/x": "" for name in ("web1", "web2")}
    (found,) = ask(files, answers, "incusd")
    assert isinstance(found, Unseen)
    assert found.sentence.startswith(f"the devices of {unknown} are unknown")
    assert reason in found.sentence


@pytest.mark.parametrize(
    ("server", "location", "found"),
    [
        (SERVER, "none", {VF0}),
        (CLUSTERED, MEMBER, {VF0}),
        (CLUSTERED, "member-2", set()),
        # Without the name of the member, each instance may be its own.
        ({"api_extensions": ["instance_all_projects"]}, "member-2", {VF0}),
    ],
)
def test_pool_that_is_mounted_only_for_the_snap(ask, server, location, found):
    """A member of a cluster can have another name than the host."""
    instance = {**WEB1, "location": location, "expanded_devices": {"one": PASSED}}
    seen = ask({**HIDDEN, "etc/hostname": "member-2\n"}, {"/1.0": server, ALL: [instance]}, "lxd")
    assert {one.subject for one in seen} == found


def test_unreadable_copy_of_an_instance_on_another_member_does_not_count(ask):
    files = {f"{POOL}/containers/web1/x": ""}
    instance = {**WEB1, "location": "member-2", "expanded_devices": {"one": PASSED}}
    assert ask(files, {"/1.0": CLUSTERED, ALL: [instance]}, "incusd") == []


def test_hidden_pool_is_unknown_if_the_daemon_does_not_answer(ask):
    (found,) = ask(HIDDEN, {"/1.0": TimeoutError()}, "lxd")
    assert "the devices of instances in storage pool default are unknown" in found.sentence
    assert len(ask.asked) == 1


@pytest.mark.parametrize(("process", "at_boot", "asks"), [(None, False, 1), (None, True, 0), ("lxd", True, 1)])
def test_a_socket_starts_the_daemon_except_at_boot(ask, process, at_boot, asks):
    instance = {**WEB1, "status": "Running", "expanded_devices": {"one": PASSED}}
    found = ask(HIDDEN, {"/1.0": SERVER, ALL: [instance]}, process, at_boot)
    assert [use.subject for use in found] == [VF0] * asks


@pytest.mark.parametrize(
    "files", [{f"{SNAP}/unix.socket": "", f"{SNAP}/networks/x/y": ""}, {BACKUP: backup("type: x")}]
)
def test_a_daemon_without_hidden_pools_is_not_asked(ask, files):
    assert ask(files, {}, "lxd") == []
    assert ask.asked == []


def test_each_project_is_asked_if_the_daemon_cannot_list_all(ask):
    """LXD 4.0 ignores the parameter for all projects, and instances in its answers have no project."""
    one, other = ({key: value for key, value in WEB1.items() if key != "project"} for _copy in range(2))
    answers = {
        "/1.0": {**SERVER, "api_extensions": ["projects"]},
        "/1.0/projects": ["/1.0/projects/default", "/1.0/projects/p1"],
        "/1.0/instances?recursion=1&project=default": [{**one, "expanded_devices": {}}],
        "/1.0/instances?recursion=1&project=p1": [{**other, "expanded_devices": {"one": PASSED}}],
    }
    (use,) = ask(HIDDEN, answers, "lxd")
    assert (use.subject, use.holder.guest) == (VF0, "p1_web1")


WITH_NETWORK = {BACKUP: backup("type: nic", "network: net1"), f"{INCUS}/unix.socket": ""}


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ({"type": "sriov", "config": {"parent": "ens2f0"}}, {VF0, VF1}),
        ({"type": "macvlan", "config": {"parent": "ens2f0v1"}}, {VF1}),
        ({"type": "bridge", "config": {}}, set()),
        ({"type": "ovn", "config": {"parent": "ens2f0"}}, set()),
    ],
)
def test_networks_of_the_daemon(ask, network, found):
    answers = {"/1.0": SERVER, NETWORKS: [{"name": "net1", **network}, {"name": "ens2f0", "type": "physical"}]}
    assert {use.subject for use in ask(WITH_NETWORK, answers, "incusd")} == found
    # The daemon has a directory for each of its bridges, and is not asked for them.
    assert ask({**WITH_NETWORK, "var/lib/incus/networks/net1/dnsmasq.leases": ""}, answers, "incusd") == []


MACVLAN = {"name": "net1", "type": "macvlan", "config": {}}
ON_MEMBER = f"/1.0/networks/net1?target={MEMBER}"
WHOLE = {**MACVLAN, "config": {"parent": "ens2f0v1"}}


@pytest.mark.parametrize(
    ("answers", "found", "reason"),
    [
        ({"/1.0": CLUSTERED, NETWORKS: [MACVLAN], ON_MEMBER: WHOLE}, [VF1], ""),
        ({"/1.0": CLUSTERED, NETWORKS: [MACVLAN], ON_MEMBER: MACVLAN}, [], "the daemon does not report it"),
        ({"/1.0": CLUSTERED, NETWORKS: [MACVLAN]}, [], "with Not Found"),
        ({"/1.0": SERVER, NETWORKS: [MACVLAN]}, [], "does not report it. Read it with incus network show net1"),
        ({NETWORKS: REFUSED}, [], "unix.socket of the daemon gives ECONNREFUSED"),
    ],
)
def test_network_whose_interface_differs_between_the_members_of_a_cluster(ask, answers, found, reason):
    seen = ask(WITH_NETWORK, answers, "incusd")
    assert [use.subject for use in seen if not isinstance(use, Unseen)] == found
    assert [isinstance(one, Unseen) for one in seen] == [bool(reason)]
    assert all(one.sentence.startswith("the host interface of network net1 of") for one in seen if reason)
    assert all(reason in one.sentence for one in seen if reason)


@pytest.mark.parametrize(("at_boot", "count"), [(False, 1), (True, 0)])
def test_network_is_unknown_without_a_daemon(ask, at_boot, count):
    gone = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    found = ask({BACKUP: backup("type: nic", "network: net1")}, {NETWORKS: gone}, at_boot=at_boot)
    assert ["gives ENOENT" in one.sentence for one in found] == [True] * count


@pytest.mark.parametrize(
    "files", [{f"{POOL}/containers/web1/x": ""}, {BACKUP: "", "proc/7/comm": "incusd"}, {f"{POOL}": ""}]
)
def test_instances_without_a_copy_do_not_count_if_there_is_no_daemon(ask, files):
    assert ask(files, {}) == []
    assert ask.asked == []
