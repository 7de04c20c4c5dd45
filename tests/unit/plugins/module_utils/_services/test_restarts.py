# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import restarts

PROGRAM = "nova-compute"
FILE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
TRAITS = "/etc/nova/provider_config/vfio-devices.yaml"
IRONIC = f"/usr/bin/{PROGRAM}\0--config-file\0/etc/nova/nova.conf\0--config-dir=/etc/nova/ironic.conf.d\0"


@pytest.fixture
def host(tmp_path):
    (tmp_path / "sys").mkdir()
    return HostRoot(str(tmp_path))


@pytest.fixture
def start(host, tmp_path):
    """Return a function that starts a process at a number of clock ticks since boot."""

    def start(pid, ticks, command=f"/usr/bin/python3\0/usr/bin/{PROGRAM}\0"):
        process = tmp_path / "proc" / str(pid)
        process.mkdir(parents=True, exist_ok=True)
        (process / "cmdline").write_text(command)
        (process / "stat").write_text(f"{pid} (a) b) S {' '.join('7' * 18)} {ticks} 8 9\n")

    return start


def test_a_process_that_still_runs(host, start, tmp_path):
    start(7, 100)
    assert restarts.owed(host) == []
    restarts.note(host, PROGRAM, [FILE])
    assert restarts.owed(host) == [PROGRAM]
    # The same process id after a restart.
    start(7, 101)
    assert restarts.owed(host) == []
    (tmp_path / "proc/7/stat").unlink()
    assert restarts.owed(host) == []


@pytest.mark.parametrize("state", ["Z", "X"])
def test_a_process_that_has_ended_but_was_not_collected(host, start, tmp_path, state):
    start(7, 100)
    restarts.note(host, PROGRAM, [FILE])
    stat = tmp_path / "proc/7/stat"
    stat.write_text(stat.read_text().replace(") S ", f") {state} "))
    assert restarts.owed(host) == []


def test_one_of_several_processes(host, start, tmp_path):
    start(7, 100)
    start(8, 100)
    start(9, 100, "grep\0-r\0nova-compute\0")
    restarts.note(host, PROGRAM, [FILE])
    start(7, 200)
    assert restarts.owed(host) == [PROGRAM]
    start(8, 200)
    assert restarts.owed(host) == []


@pytest.mark.parametrize(
    ("path", "command", "cgroup", "is_owed"),
    [
        (FILE, IRONIC, "/system.slice/nova-compute-ironic.service", False),
        # Each nova-compute reads the default directory.
        (TRAITS, IRONIC, "/system.slice/nova-compute-ironic.service", True),
        ("/etc/nova/nova.conf", IRONIC, "", True),
        # A container may have the directory of the host.
        (FILE, IRONIC, "/system.slice/docker-abc.scope", True),
        (FILE, f"{PROGRAM}\0", "", True),
    ],
)
def test_a_process_beside_the_one_of_libvirt(host, start, tmp_path, path, command, cgroup, is_owed):
    start(7, 100)
    start(8, 100, command)
    (tmp_path / "proc/8/cgroup").write_text(f"0::{cgroup}\n")
    restarts.note(host, PROGRAM, [path])
    start(7, 200)
    assert restarts.owed(host) == ([PROGRAM] if is_owed else [])


def test_files_that_no_process_reads_by_their_names(host, start):
    start(7, 100, IRONIC)
    restarts.note(host, PROGRAM, ["/srv/nova.conf"])
    assert restarts.owed(host) == [PROGRAM]


def test_a_second_change_before_the_restart(host, start):
    start(7, 100)
    start(8, 100, IRONIC)
    restarts.note(host, PROGRAM, [TRAITS])
    restarts.note(host, PROGRAM, [FILE])
    start(7, 200)
    assert restarts.owed(host) == [PROGRAM]
    start(8, 200)
    assert restarts.owed(host) == []


def test_a_change_while_the_service_does_not_run(host, start, tmp_path):
    start(7, 100)
    restarts.note(host, PROGRAM, [FILE])
    for name in ("stat", "cmdline"):
        (tmp_path / "proc/7" / name).unlink()
    restarts.note(host, PROGRAM, [FILE])
    assert not list((tmp_path / "run").rglob("*.json"))


def test_services_are_told_apart(host, start):
    start(7, 100)
    start(8, 100, "cyborg-agent\0")
    restarts.note(host, "cyborg-agent", ["/etc/cyborg/cyborg.conf.d/x.conf"])
    assert restarts.owed(host) == ["cyborg-agent"]
    restarts.note(host, PROGRAM, [FILE])
    assert restarts.owed(host) == ["cyborg-agent", PROGRAM]


@pytest.mark.parametrize("text", ["[]", "{", '{"7": 1}', '{"x/../..": "100"}'])
def test_damaged_records(host, start, tmp_path, text):
    start(7, 100)
    restarts.note(host, PROGRAM, [FILE])
    (tmp_path / f"run/vfio-devices/restart/{PROGRAM}.json").write_text(text)
    assert restarts.owed(host) == []
