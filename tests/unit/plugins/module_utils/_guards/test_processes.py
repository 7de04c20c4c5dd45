# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import processes
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link


def add_process(tree, pid, *targets, maps=b"", command="python3"):
    tree.add(f"proc/{pid}/comm", Attribute(f"{command}\n".encode()))
    tree.add(f"proc/{pid}/cmdline", Attribute(f"{command}\0".encode()))
    tree.add(f"proc/{pid}/maps", Attribute(maps))
    for number, target in enumerate(targets):
        tree.add(f"proc/{pid}/fd/{number}", Link(target))
        tree.add(f"proc/{pid}/fdinfo/{number}", Attribute(b"flags:\t02\n"))


def test_open_and_mapped_device_files_of_all_processes(simulated):
    host = simulated("empty")
    mapping = b"7f00-7f01 rw-s 00000000 00:05 311 {}\n"
    add_process(host.kernel.tree, 70, "/dev/null", "/dev/nvidia0", "/var/log/x", "socket:[5]")
    add_process(host.kernel.tree, 71, maps=mapping.replace(b"{}", b"/dev/nvidia0") + mapping.replace(b"{}", b"/lib/x"))
    add_process(host.kernel.tree, 72, "/dev/nvidia0", maps=mapping.replace(b"{}", b"/dev/nvidia0"))
    found = Processes(host.root()).device_files
    opened = [(one.process, one.descriptor) for one in found["/dev/nvidia0"]]
    assert opened == [(70, "1"), (72, "0"), (71, None)]
    assert set(found) == {"/dev/null", "/dev/nvidia0"}


def test_device_files_of_a_process_whose_main_thread_has_ended(simulated):
    host = simulated("empty")
    mapping = b"7f00-7f01 rw-s 00000000 00:05 311 /dev/nvidia1\n"
    add_process(host.kernel.tree, 70)
    # The kernel does not list threads in proc, but has a directory for each.
    add_process(host.kernel.tree, 71, "/dev/nvidia0", maps=mapping)
    for thread in (70, 71):
        host.kernel.tree.add(f"proc/70/task/{thread}/comm", Attribute(b"python3\n"))
    root = host.root()
    root.names, listed = lambda path: [one for one in listed(path) if (path, one) != ("proc", "71")], root.names
    found = Processes(root).device_files
    assert [[one.process for one in found.get(name, ())] for name in ("/dev/nvidia0", "/dev/nvidia1")] == [[71], [71]]


def test_maps_that_are_forbidden_are_open_files_that_cannot_be_seen(simulated):
    host = simulated("empty")
    add_process(host.kernel.tree, 70)
    host.kernel.faults.fail("proc/70/maps", errno.EACCES)
    root = host.root()
    assert not Processes(root).device_files.get("/dev/nvidia0")
    assert "process 70" in root.hidden_processes


@pytest.mark.parametrize(
    ("root", "namespace", "hidden"),
    [
        ("/", "pid:[4026532201]", True),
        ("/", processes.HOST_NAMESPACE, False),
        ("/", None, False),
        ("/srv/host", "pid:[4026532201]", False),
    ],
)
def test_container_hides_processes_of_the_host(root, namespace, hidden):
    host = SimpleNamespace(root=root, hidden_processes=None, link={"proc/self/ns/pid": namespace}.get)
    assert ("in a container" in (processes.hidden_processes(host) or "")) == hidden


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["qemu", "-name", "guest=web1,debug-threads=on"], "web1"),
        (["qemu", "-name", "web1"], "web1"),
        (["qemu", "-name", "web1,process=x"], "web1"),
        (["qemu", "-name", "guest=a,,b"], "a,b"),
        (["qemu", "-name", "a,,b,process=x"], "a,b"),
        (["qemu", "-name"], None),
        (["dpdk-testpmd", "-l", "0-3"], None),
        ([], None),
    ],
)
def test_name_of_a_guest(arguments, name):
    assert processes.guest_name("\0".join(arguments) + "\0") == name


def test_memory_of_kernel_threads_is_not_read(simulated):
    host = simulated("nics")
    for process, flags in ((70, 0x00208040), (71, 0x00400100)):
        add_process(host.kernel.tree, process, maps=b"7f00-7f01 rw-s 0 00:05 311 /dev/accel0\n")
        stat = f"{process} (a (b) c) S 2 0 0 0 -1 {flags} 0 0 0 0\n"
        host.kernel.tree.add(f"proc/{process}/stat", Attribute(stat.encode()))
    (opened,) = Processes(host.root()).device_files["/dev/accel0"]
    assert opened.process == 71
