# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt, registry, user_guards
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._guards.user_guards import USER_GUARDS
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit.domains import told
from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_domains_of_libvirt_join_the_processes(simulated, monkeypatch):
    host = simulated("mtty")
    for uuid in (UUID, OTHER):
        host.create("mtty", "mtty-1", uuid)
    host.kernel.hold(UUID, pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    web1, spare = {"name": "web1", "running": True}, {"name": "spare", "running": False}
    monkeypatch.setattr(libvirt, "query_daemon", lambda root: told({UUID: [web1, spare], OTHER: [spare]}))
    devices = by("uuid", host.facts("devices", "users")["devices"])
    defined = {"pid": None, "command": None, "domain": "spare", "running": False, "device_file": None}
    assert [user["domain"] for user in devices[UUID]["users"]] == ["web1", "spare"]
    assert devices[UUID]["users"][0]["pid"] == 4242
    assert devices[OTHER]["users"] == [defined]


def test_processes_and_guests_are_found_first():
    assert registry.GUARDS[: len(USER_GUARDS)] == USER_GUARDS


DOCKER = "var/lib/docker/containers/3f"


def unseen(host):
    root = host.root()
    return {one.guard: one.sentence for one in user_guards.observe(root, Scene({}, [], Processes(root))).unseen}


@pytest.mark.parametrize(
    ("path", "operation", "guard"),
    [
        ("var/lib/docker/containers", "list", "containers"),
        (f"{DOCKER}/hostconfig.json", "read", "containers"),
        (f"{DOCKER}/config.v2.json", "read", "containers"),
        ("var/lib/lxc/web1/config", "read", "containers"),
        ("etc/libvirt/qemu", "list", "libvirt"),
        ("etc/libvirt/qemu/web1.xml", "read", "libvirt"),
        ("var/lib/docker/volumes/nova_libvirt_qemu/_data/web1.xml", "read", "libvirt"),
        ("etc/pve/nodes/pve1/qemu-server/100.conf", "read", "proxmox"),
        ("var/lib/cni/results/x", "read", "kubernetes"),
    ],
)
def test_files_on_a_server_that_does_not_answer_count_as_uses(simulated, path, operation, guard):
    files = {f"{DOCKER}/hostconfig.json": '{"Binds": []}', f"{DOCKER}/config.v2.json": "{}", "etc/hostname": "pve1"}
    host = simulated("empty", files={f"{path}/x" if operation == "list" else path: "<domain/>", **files})
    assert unseen(host) == {}
    host.kernel.faults.delay(path, 100, (operation,))
    assert f"/{path}" in unseen(host)[guard]


@pytest.mark.parametrize("path", ["etc/fstab", "etc/systemd/system/web.service", "var/lib/lxc/web1/config"])
def test_comments_of_files_may_have_another_encoding(simulated, path):
    host = simulated("nvme")
    host.kernel.tree.add(path, Attribute("# Müller\n/dev/nvme1n1 /srv ext4\n".encode("latin-1")))
    root = host.root()
    seen = registry.observe(root, Scene({}, [], Processes(root)))
    assert (seen.unseen, root.warnings) == ((), [])
    assert any("listed in /etc/fstab" in str(use.clause) for use in seen.uses) == (path == "etc/fstab")


def test_files_that_fail_count_as_uses_and_missing_ones_do_not(simulated):
    host = simulated(
        "empty", files={"var/lib/lxc/web1/config": "", "var/lib/lxc/web2/config/x": "", "var/lib/docker/volumes/x": ""}
    )
    assert unseen(host) == {}
    host.kernel.faults.fail("var/lib/lxc/web1/config", errno.ESTALE)
    assert unseen(host) == {"containers": "cannot read /var/lib/lxc/web1/config: ESTALE (Stale file handle)"}
    host.kernel.faults.clear()
    host.kernel.faults.delay("var/lib/docker/volumes", 100, ("list",))
    reason = "its file system hangs, for example because an NFS server is down"
    silent = f"/var/lib/docker/volumes did not answer within 2 s: {reason}"
    assert unseen(host) == {
        "libvirt": silent,
        "containers": f"/var/lib/docker/containers was not read: {silent}",
    }


def test_comment_in_another_encoding_hides_no_device(simulated):
    host = simulated("empty", files={"var/lib/lxc/web1/config": ""})
    content = "# f\u00fcr\nlxc.mount.entry = /dev/dri/by-path/pci-0000:41:00.0-card dev/x\n".encode("latin-1")
    host.kernel.tree.add("var/lib/lxc/web1/config", Attribute(content))
    root = host.root()
    seen = user_guards.observe(root, Scene({}, [], Processes(root)))
    assert ([use.subject for use in seen.uses], seen.unseen) == (["0000:41:00.0"], ())
