# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt_files
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link

XML = "<domain><name>web1</name><devices/></domain>"
PASSWD = "bob:x:1000:1000::/srv/people/bob:/bin/sh\nann:x:1001:1001::/export/ann:/bin/sh\nx:x:9:9::/:/bin/sh\nbroken\n"
MOVED = {
    "etc/docker/daemon.json": '{"debug": true, "data-root": "/srv/docker"}',
    "etc/containers/storage.conf": '[storage]\ngraphroot = "/srv/podman"\n',
}
STATUS = "<domstatus state='running' pid='%d'>" + XML + "</domstatus>"


@pytest.mark.parametrize(
    ("path", "session"),
    [
        ("etc/libvirt/qemu/web1.xml", False),
        ("var/lib/libvirt/qemu/web1.xml", False),
        ("proc/77/root/etc/libvirt/qemu/web1.xml", False),
        ("var/lib/docker/volumes/nova_libvirt_qemu/_data/web1.xml", False),
        ("var/lib/docker/volumes/libvirtd/_data/qemu/web1.xml", False),
        ("var/lib/containers/storage/volumes/nova_libvirt_qemu/_data/web1.xml", False),
        ("srv/docker/volumes/nova_libvirt_qemu/_data/web1.xml", False),
        ("srv/podman/volumes/nova_libvirt_qemu/_data/web1.xml", False),
        ("var/snap/openstack-hypervisor/common/etc/libvirt/qemu/web1.xml", False),
        # The home of a user whom only a directory service knows.
        ("/".join(["home", "eve", ".config/libvirt/qemu/web1.xml"]), True),
        ("export/ann/.config/libvirt/qemu/web1.xml", True),
        ("root/.config/libvirt/qemu/web1.xml", True),
        ("srv/people/bob/.config/libvirt/qemu/web1.xml", True),
        ("etc/libvirt/lxc/web1.xml", False),
        ("etc/libvirt/libxl/web1.xml", False),
        ("etc/libvirt/ch/web1.xml", False),
        ("proc/77/root/etc/libvirt/lxc/web1.xml", False),
    ],
)
def test_where_domains_are_defined(simulated, path, session):
    root = simulated("empty", files={path: XML, "etc/passwd": PASSWD, **MOVED}).root()
    (found,) = libvirt_files.read(root, [77], host_too=True).found
    assert (found.domain.name, found.path, found.running, found.session) == ("web1", path, False, session)


@pytest.mark.parametrize(
    "path",
    ["etc/libvirt/qemu/web1.txt", "etc/libvirt/qemu/autostart/web1.xml", "var/lib/docker/volumes/db/_data/web1.xml"],
)
def test_other_files_are_not_read(simulated, path):
    root = simulated("empty", files={path: "<"}).root()
    assert libvirt_files.read(root, [], host_too=True) == ([], [])


def test_host_that_the_daemon_itself_tells_of_is_not_read(simulated):
    files = {"etc/libvirt/qemu/web1.xml": XML, "etc/libvirt/lxc/db.xml": XML.replace("web1", "db")}
    root = simulated("empty", files=files).root()
    # Only definitions of QEMU are requested.
    assert [one.domain.name for one in libvirt_files.read(root, [], host_too=False).found] == ["db"]


@pytest.mark.parametrize(
    ("path", "process", "running"),
    [
        ("run/libvirt/qemu/web1.xml", "proc/70/comm", True),
        ("run/libvirt/qemu/web1.xml", "proc/71/comm", False),
        ("proc/77/root/run/libvirt/qemu/web1.xml", "proc/77/root/proc/70/comm", True),
        ("run/user/1000/libvirt/qemu/run/web1.xml", "proc/70/comm", True),
    ],
)
def test_domain_runs_as_long_as_its_process(simulated, path, process, running):
    root = simulated("empty", files={path: STATUS % 70, process: "qemu\n"}).root()
    (found,) = libvirt_files.read(root, [77], host_too=True).found
    assert found.running is running


def test_files_that_cannot_be_read_are_named(simulated):
    broken, denied, private = (
        f"{path}/x.xml" for path in ("etc/libvirt/qemu", "run/libvirt/qemu", "root/.config/libvirt/qemu")
    )
    host = simulated("empty", files={broken: "<domain>", denied: XML, private: "no XML"})
    host.kernel.faults.fail(denied, errno.EACCES)
    assert libvirt_files.read(host.root(), [], host_too=True) == ([], [denied, broken])


@pytest.mark.parametrize(
    "path", ["etc/libvirt/qemu", "proc/77/root/etc/libvirt/qemu", "var/lib/docker/volumes/nova_libvirt_qemu/_data"]
)
def test_network_of_a_pool(simulated, path):
    text = "<network><forward mode='hostdev'><pf dev='ens2f0'/></forward></network>"
    root = simulated("empty", files={f"{path}/networks/pool.xml": text}).root()
    assert libvirt_files.network(root, [77], "pool", []) == [("pool", "ens2f0")]
    assert libvirt_files.network(root, [77], "../pool", []) == []


@pytest.mark.parametrize("prefix", ["", "proc/77/root/"])
def test_storage_pool(simulated, prefix):
    text = "<pool type='disk'><source><device path='/dev/nvme1n1'/></source></pool>"
    host = simulated("empty", files={f"{prefix}etc/libvirt/storage/spare.xml": text, "etc/libvirt/storage/x.xml": "<"})
    root = host.root()
    assert libvirt_files.pool(root, [77], "spare", []) == [("file", "/dev/nvme1n1")]
    unreadable = []
    assert libvirt_files.pool(root, [77], "x", unreadable) == []
    assert "etc/libvirt/storage/x.xml" in unreadable


def test_daemon_with_the_mounts_of_the_host_has_no_view_of_its_own(simulated):
    host = simulated("empty")
    for process, namespace in ((1, 5), (77, 5), (78, 6)):
        host.kernel.tree.add(f"proc/{process}/ns/mnt", Link(f"mnt:[{namespace}]"))
    host.kernel.tree.add("proc/1/comm", Attribute(b"init\n"))
    assert libvirt_files.own_views(host.root(), [77, 78]) == ["proc/78/root/"]
