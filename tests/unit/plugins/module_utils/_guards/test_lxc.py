# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import lxc

CONFIG = "var/lib/lxc/web1/config"


def containers(simulated, files):
    return list(lxc.containers(simulated("empty", files=files).root()))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lxc.net.0.type = phys\nlxc.net.0.link = ens2f0v1\n", [("interface", "ens2f0v1")]),
        ("lxc.net.1.link=ens2f0v1\nlxc.net.1.type=macvlan\n", [("interface", "ens2f0v1")]),
        ("lxc.net.0.type = veth\nlxc.net.0.link = br0\n", []),
        (
            "lxc.network.type = veth\nlxc.network.link = br0\nlxc.network.type = phys\nlxc.network.link = eth7\n",
            [("interface", "eth7")],
        ),
        ("lxc.mount.entry = /dev/dri dev/dri none bind,optional,create=dir\n", [("file", "/dev/dri")]),
        ("lxc.mount.entry = /srv/dev /dev/x none bind\n", []),
        ("lxc.cgroup2.devices.allow = c 226:* rwm\n", [("number", "c 226:*")]),
        ("lxc.cgroup.devices.allow = c 195:0 rwm\n", [("number", "c 195:0")]),
        ("lxc.cgroup.devices.allow = a\n", []),
        ("lxc.cgroup.devices.deny = c 195:0 rwm\n", []),
        ("# lxc.net.0.link = ens2f0v1\n", []),
    ],
)
def test_devices_of_a_container(simulated, text, named):
    (found,) = containers(simulated, {CONFIG: text})
    assert (found.name, found.path, found.running) == ("web1", CONFIG, False)
    assert list(found.references) == named


@pytest.mark.parametrize("group", ["lxc.payload.web1", "lxc/web1", "devices/lxc/web1"])
def test_container_that_runs(simulated, group):
    (found,) = containers(simulated, {CONFIG: "", f"sys/fs/cgroup/{group}/tasks": ""})
    assert found.running


def test_containers_elsewhere(simulated):
    files = {"etc/lxc/lxc.conf": "lxc.lxcpath = /srv/lxc/\n", "srv/lxc/db/config": "", CONFIG: ""}
    assert [one.name for one in containers(simulated, files)] == ["web1", "db"]


@pytest.mark.parametrize("path", ["etc/lxc/net.conf", "etc/lxc/net.d/10.conf"])
def test_included_files(simulated, path):
    included = f"/{path}" if path == "etc/lxc/net.conf" else "/etc/lxc/net.d"
    files = {
        "var/lib/lxc/c/config": f"lxc.include = {included}\nlxc.net.0.type = phys\n",
        path: f"lxc.net.0.link = ens1f0\nlxc.include = {included}\n",
        "etc/lxc/net.d/other": "lxc.net.1.link = ens1f1\n",
    }
    (found,) = lxc.containers(simulated("empty", files=files).root())
    assert found.references == (("interface", "ens1f0"),)
