# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import started

UNIT = "[Service]\nExecStart=/usr/bin/nova-compute \\\n  --config-file /etc/nova/nova.conf\n"
INIT = "[Service]\nExecStart=/etc/init.d/nova-compute systemd-start\n"
DROP_IN = "[Service]\nExecStart=\nExecStart=-/opt/venv/bin/python /opt/venv/bin/nova-compute --config-dir /etc/nova/x\n"


@pytest.fixture
def host(tmp_path):
    """Return a function that makes a host with these files."""

    (tmp_path / "sys").mkdir()

    def make(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return HostRoot(str(tmp_path))

    return make


def observe(host):
    return started.observe(host, "nova-compute", "nova-compute")


def test_a_unit(host):
    found = observe(host({"lib/systemd/system/nova-compute.service": UNIT}))
    assert (found.source, found.arguments) == (
        "unit",
        ("/usr/bin/nova-compute", "--config-file", "/etc/nova/nova.conf"),
    )


def test_a_unit_that_is_changed_by_a_drop_in(host):
    files = {"lib/systemd/system/nova-compute.service": UNIT}
    files["etc/systemd/system/nova-compute.service.d/a.conf"] = DROP_IN
    assert observe(host(files)).arguments == ("/opt/venv/bin/nova-compute", "--config-dir", "/etc/nova/x")


def test_a_unit_that_hides_its_command(host):
    found = observe(host({"lib/systemd/system/nova-compute.service": INIT}))
    assert (found.source, found.arguments) == ("unit", None)


def test_nothing_tells(host):
    assert observe(host({"etc/nova/nova.conf": ""})) == (None, None, None, False, False, {})


def test_a_process_says_more_than_its_unit(host):
    files = {"lib/systemd/system/nova-compute.service": UNIT}
    files["proc/4711/cmdline"] = "/usr/bin/python3\0/usr/bin/nova-compute\0--config-dir\0/etc/a\0"
    files["proc/4711/cgroup"] = "0::/system.slice/nova-compute.service\n"
    files["proc/4712/cmdline"] = "grep\0-r\0-e\0-x\0nova-compute\0"
    files["proc/1000/cmdline"] = "systemctl\0restart\0nova-compute\0"
    found = observe(host(files))
    assert found == (("/usr/bin/nova-compute", "--config-dir", "/etc/a"), "process", 4711, False, False, {})


@pytest.mark.parametrize("cgroup", ["0::/system.slice/docker-0123.scope", "0::/machine.slice/libpod-01.scope"])
def test_a_container(host, cgroup):
    found = observe(host({"proc/1/cmdline": "nova-compute\0", "proc/1/cgroup": cgroup}))
    assert (found.container, found.kolla) == (True, False)


def test_kolla(host):
    files = {"etc/kolla/nova-compute/config.json": "{}"}
    assert observe(host(files)) == (None, None, None, True, True, {})
    assert observe(host({**files, "proc/1/cmdline": "nova-compute\0", "proc/1/cgroup": "0::/docker/1"})).kolla


def test_the_command_that_kolla_starts(host):
    files = {"etc/kolla/nova-compute/config.json": '{"command": "nova-compute --config-dir /etc/a"}'}
    assert observe(host(files)) == (("nova-compute", "--config-dir", "/etc/a"), "kolla", None, True, True, {})


@pytest.mark.parametrize(
    "command", ["tini\0--\0nova-compute\0", "/opt/venv/bin/python3.12\0-E\0/opt/venv/bin/nova-compute\0"]
)
def test_what_stands_before_the_program(host, command):
    assert observe(host({"proc/7/cmdline": command, "proc/7/cgroup": "0::/"})).pid == 7


def test_only_variables_of_oslo_config_are_kept(host):
    text = "HOME=/var/lib/nova\0OS_PASSWORD=secret\0OS_PCI__ALIAS=a=b\0NOTHING\0SNAP=/snap/x/1\0"
    found = observe(host({"proc/7/cmdline": "nova-compute\0", "proc/7/environ": text}))
    assert found.environment == {"HOME": "/var/lib/nova", "OS_PCI__ALIAS": "a=b", "SNAP": "/snap/x/1"}


def test_each_process(host):
    root = host({f"proc/{pid}/cmdline": f"nova-compute\0--config-file\0/{pid}.conf\0" for pid in (7, 8)})
    assert [one.pid for one in started.each(root, "nova-compute", "nova-compute")] == [7, 8]
