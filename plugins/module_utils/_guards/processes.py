# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the processes of a host and their open or mapped device files, once for all guards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Optional

from .._core.patterns import lazy_pattern
from .._core.text import printable
from .._host.root import HostRoot, first_lines
from .._model.uses import Holder

PROCESS = lazy_pattern(r"[0-9]{1,9}\Z")
OPEN_DEVICE = "anon_inode:[vfio-device]"
FLAGS = lazy_pattern(r"^flags:\s*([0-7]+)\s*$", re.MULTILINE)
# Index in /proc/PID/stat after the name of the process (fs/proc/array.c, do_task_stat).
FLAGS_FIELD = 6
KTHREAD = 0x00200000
# Suffix of the path of a removed file that is still open (fs/d_path.c).
REMOVED = " (deleted)"
# The guest name in QEMU arguments; libvirt writes guest=NAME,...
GUEST = lazy_pattern(r"(?:^|,)guest=((?:[^,]|,,)*)")
BARE_GUEST = lazy_pattern(r"((?:[^,]|,,)*)")
# The PID namespace of a host always has this number (include/linux/proc_ns.h, PROC_PID_INIT_INO).
HOST_NAMESPACE = "pid:[4026531836]"
# Raw sockets in the network namespace of process 1, which is the host's (net/packet/af_packet.c, packet_seq_show).
RAW_SOCKETS = ("proc/1/net/packet", "proc/net/packet")
# udev opens each new device briefly and does not depend on it.
UDEV = ("systemd-udevd", "(udev-worker)")


class Opened:
    """An open device file of a process. The descriptor is None if the file is only mapped."""

    __slots__ = ("descriptor", "process")

    def __init__(self, process: int, descriptor: Optional[str]) -> None:
        self.process = process
        self.descriptor = descriptor


class Processes:
    """All processes; data is read at the first access."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self._files: Optional[dict[str, list[Opened]]] = None
        self._described: dict[int, Holder] = {}
        self._commands: Optional[dict[int, str]] = None
        self._raw_sockets: dict[str, str] = {}

    @property
    def device_files(self) -> dict[str, list[Opened]]:
        """Return the processes that have each device file open or mapped, by path as the processes see it.

        Device files are paths with a component ``dev``, resources of PCI functions in sysfs, and VFIO devices without a
        path (:data:`OPEN_DEVICE`). A process with another root has its devices below another directory.
        """
        if self._files is None:
            self._files = self._scan()
        return self._files

    def of_raw_sockets(self) -> dict[str, list[int]]:
        """Map the index of each interface with raw sockets to their processes, 0 for an unknown process."""
        found: dict[str, list[int]] = {}
        opened = self.device_files
        # A socket without a process may have been closed during the scan.
        still = self._raw_sockets if self._raw_sockets.keys() <= opened.keys() else dict(_raw_sockets(self._host))
        for target, index in self._raw_sockets.items():
            if target in opened or target in still:
                found.setdefault(index, []).extend(one.process for one in opened.get(target, [Opened(0, None)]))
        return found

    def named(self, *commands: str) -> list[int]:
        """Return the processes with these commands; the kernel keeps 15 characters of a command."""
        if self._commands is None:
            self._commands = {
                process: self._host.read(f"proc/{process}/comm", optional=True) or "" for process in self._numbers()
            }
        return [process for process, command in self._commands.items() if command in commands]

    def network_namespaces(self) -> dict[str, list[int]]:
        """Return the processes of each network namespace except that of process 1, which is the host's."""
        own = self._host.link("proc/1/ns/net") or self._host.link("proc/self/ns/net")
        found: dict[str, list[int]] = {}
        for process in self._numbers() if own else ():
            namespace = self._host.link(f"proc/{process}/ns/net")
            if namespace and namespace != own:
                found.setdefault(namespace, []).append(process)
        return found

    def command_line(self, process: int) -> str:
        """Return the arguments of a process, each terminated by NUL, or an empty text."""
        # A hung process may keep its memory locked, so that its command line cannot be read.
        return self._host.read(f"proc/{process}/cmdline", optional=True) or ""

    def is_open(self, opened: Opened) -> bool:
        """Return whether a device is really open. udev briefly has descriptors that only refer to a path."""
        if opened.descriptor is None:
            return True
        path = f"proc/{opened.process}"
        flags = FLAGS.search(self.fdinfo(opened))
        if flags:
            return not int(flags[1], 8) & os.O_PATH
        # If the flags are unknown, the descriptor counts as open unless it has been closed.
        return self._host.link(f"{path}/fd/{opened.descriptor}") is not None

    def fdinfo(self, opened: Opened) -> str:
        """Return the kernel's description of an open file, or an empty text."""
        return self._host.read(f"proc/{opened.process}/fdinfo/{opened.descriptor}", optional=True) or ""

    def holder(self, process: int, device_file: Optional[str] = None) -> Holder:
        if process not in self._described:
            command_line = self.command_line(process)
            # A process can choose any name, even with line ends (fs/proc/array.c, proc_task_name).
            command = self._host.read_line(f"proc/{process}/comm", optional=True)
            self._described[process] = Holder(process, command, guest_name(command_line), running=True)
        return self._described[process]._replace(device_file=device_file)

    def _numbers(self) -> list[int]:
        return sorted(int(name) for name in self._host.names("proc") if PROCESS.match(name))

    def _is_kernel_thread(self, process: int) -> bool:
        """Return whether a process is a kernel thread, which maps no files (include/linux/sched.h, PF_KTHREAD)."""
        fields = (self._host.read(f"proc/{process}/stat", optional=True) or "").rpartition(")")[2].split()
        return (
            len(fields) > FLAGS_FIELD and fields[FLAGS_FIELD].isdecimal() and bool(int(fields[FLAGS_FIELD]) & KTHREAD)
        )

    def _scan(self) -> dict[str, list[Opened]]:
        host = self._host
        found: dict[str, list[Opened]] = {}
        self._raw_sockets = sockets = dict(_raw_sockets(host))
        processes = self._numbers()
        having_memory = []
        for process in processes:
            descriptors = host.links(f"proc/{process}/fd")
            if not descriptors and self._is_kernel_thread(process):
                continue
            # If the main thread has ended, only the directories of the other threads list the open files.
            threads = [] if descriptors else [int(one) for one in host.names(f"proc/{process}/task")]
            for thread in dict.fromkeys((process, *threads)):
                having_memory.append(thread)
                for descriptor, target in descriptors if thread == process else host.links(f"proc/{thread}/fd"):
                    if _is_device_file(target) or target in sockets:
                        found.setdefault(target, []).append(Opened(thread, descriptor))
        for process, targets in host.mapped_devices(having_memory).items():
            for target in filter(_is_device_file, targets):
                having = found.setdefault(target, [])
                if all(opened.process != process for opened in having):
                    having.append(Opened(process, None))
        return found


def hidden_processes(host: HostRoot) -> Optional[str]:
    """Return a sentence if open files of some processes, or some processes, are hidden from this process."""
    namespace = host.link("proc/self/ns/pid") if host.root == "/" else None
    if namespace in (None, HOST_NAMESPACE):
        return host.hidden_processes
    return (
        "processes of the host are hidden, because the module runs in a container with a PID namespace of its own. Run "
        "the play on the host itself"
    )


def _raw_sockets(host: HostRoot) -> Iterator[tuple[str, str]]:
    """Yield the name of each raw socket that is bound to an interface, and the index of the interface."""
    for line in first_lines(host, RAW_SOCKETS):
        words = line.split()
        # Socket, references, type, protocol, interface, running, memory, user, inode.
        if len(words) == 9 and words[4].isdecimal() and words[4] != "0" and words[5] == "1":
            yield f"socket:[{words[8]}]", words[4]


def _is_device_file(target: str) -> bool:
    return "/dev/" in target or "/resource" in target or target == OPEN_DEVICE


def guest_name(command_line: str) -> str | None:
    """Return the guest name in QEMU's NUL-separated command line: ``-name guest=web1,debug-threads=on``."""
    arguments = command_line.split("\0")
    for option, value in zip(arguments, arguments[1:]):
        if option == "-name":
            # A value without a key is the name; QEMU doubles commas in names.
            guest = GUEST.search(value) or BARE_GUEST.match(value)
            return printable(guest[1].replace(",,", ","), "") or None if guest else None
    return None
