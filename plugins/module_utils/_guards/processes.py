# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The processes of a host and the device files that they have open or mapped, read once for all guards."""

from __future__ import annotations

import os
import re
from typing import Optional

from .._core.text import printable
from .._host.root import HostRoot
from .._model.uses import Holder

PROCESS = re.compile(r"[0-9]{1,9}\Z")
OPEN_DEVICE = "anon_inode:[vfio-device]"
FLAGS = re.compile(r"^flags:\s*([0-7]+)\s*$", re.MULTILINE)
# Of /proc/PID/stat, counted from what follows the name of the process (fs/proc/array.c, do_task_stat).
FLAGS_FIELD = 6
KTHREAD = 0x00200000
# d_path() of a node that was removed while it is open (fs/d_path.c).
REMOVED = " (deleted)"
# The name of the guest in QEMU's arguments; libvirt writes guest=NAME,...
GUEST = re.compile(r"(?:^|,)guest=((?:[^,]|,,)*)")
BARE_GUEST = re.compile(r"((?:[^,]|,,)*)")
# They look into each new device for a moment, and lose nothing.
UDEV = ("systemd-udevd", "(udev-worker)")


class Opened:
    """Where one process has one device file open: its descriptor, or None for a mapping whose descriptor is closed."""

    __slots__ = ("descriptor", "process")

    def __init__(self, process: int, descriptor: Optional[str]) -> None:
        self.process = process
        self.descriptor = descriptor


class Processes:
    """All processes; nothing is read before it is asked for."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self._files: Optional[dict[str, list[Opened]]] = None
        self._described: dict[int, Holder] = {}
        self._commands: Optional[dict[int, str]] = None

    @property
    def device_files(self) -> dict[str, list[Opened]]:
        """By path, as the processes know it, who has a device file open or mapped, in the order of the processes.

        Device files are the paths with a part ``dev``, resources of PCI functions in sysfs, and VFIO devices without a
        path (:data:`OPEN_DEVICE`). A process that has changed its root sees its devices below another directory.
        """
        if self._files is None:
            self._files = self._scan()
        return self._files

    def named(self, *commands: str) -> list[int]:
        """The processes of some commands, of which the kernel keeps 15 characters."""
        if self._commands is None:
            self._commands = {
                process: self._host.read(f"proc/{process}/comm", optional=True) or "" for process in self._numbers()
            }
        return [process for process, command in self._commands.items() if command in commands]

    def network_namespaces(self) -> dict[str, list[int]]:
        """The processes of each network namespace other than that of the first process, which is the host's."""
        own = self._host.link("proc/1/ns/net") or self._host.link("proc/self/ns/net")
        found: dict[str, list[int]] = {}
        for process in self._numbers() if own else ():
            namespace = self._host.link(f"proc/{process}/ns/net")
            if namespace and namespace != own:
                found.setdefault(namespace, []).append(process)
        return found

    def command_line(self, process: int) -> str:
        """The arguments of a process, each ended by NUL, or nothing."""
        # Reading a command line waits for the process's memory, which a process in trouble may keep locked.
        return self._host.read(f"proc/{process}/cmdline", optional=True) or ""

    def is_open(self, opened: Opened) -> bool:
        """False for a descriptor that only refers to a path, such as udev has of each new device node for a moment."""
        if opened.descriptor is None:
            return True
        path = f"proc/{opened.process}"
        flags = FLAGS.search(self.fdinfo(opened))
        if flags:
            return not int(flags[1], 8) & os.O_PATH
        # Without an answer it counts, unless it was closed meanwhile.
        return self._host.link(f"{path}/fd/{opened.descriptor}") is not None

    def fdinfo(self, opened: Opened) -> str:
        """The kernel's description of an open file, or nothing."""
        return self._host.read(f"proc/{opened.process}/fdinfo/{opened.descriptor}", optional=True) or ""

    def holder(self, process: int, device_file: Optional[str] = None) -> Holder:
        """A process as the user of something."""
        if process not in self._described:
            command_line = self.command_line(process)
            # A process gives itself any name that it wants, line ends too (fs/proc/array.c, proc_task_name).
            command = self._host.read_line(f"proc/{process}/comm", optional=True)
            self._described[process] = Holder(process, command, guest_name(command_line), running=True)
        return self._described[process]._replace(device_file=device_file)

    def _numbers(self) -> list[int]:
        return sorted(int(name) for name in self._host.names("proc") if PROCESS.match(name))

    def _is_kernel_thread(self, process: int) -> bool:
        """Whether a process is a thread of the kernel, which maps no file (include/linux/sched.h, PF_KTHREAD)."""
        fields = (self._host.read(f"proc/{process}/stat", optional=True) or "").rpartition(")")[2].split()
        return (
            len(fields) > FLAGS_FIELD and fields[FLAGS_FIELD].isdecimal() and bool(int(fields[FLAGS_FIELD]) & KTHREAD)
        )

    def _scan(self) -> dict[str, list[Opened]]:
        host = self._host
        found: dict[str, list[Opened]] = {}
        processes = self._numbers()
        having_memory = []
        for process in processes:
            descriptors = host.links(f"proc/{process}/fd")
            for descriptor, target in descriptors:
                if _is_device_file(target):
                    found.setdefault(target, []).append(Opened(process, descriptor))
            if descriptors or not self._is_kernel_thread(process):
                having_memory.append(process)
        for process, targets in host.mapped_devices(having_memory).items():
            for target in filter(_is_device_file, targets):
                having = found.setdefault(target, [])
                if all(opened.process != process for opened in having):
                    having.append(Opened(process, None))
        return found


def _is_device_file(target: str) -> bool:
    return "/dev/" in target or "/resource" in target or target == OPEN_DEVICE


def guest_name(command_line: str) -> str | None:
    """The name of the guest in QEMU's NUL-separated command line: ``-name guest=web1,debug-threads=on``."""
    arguments = command_line.split("\0")
    for option, value in zip(arguments, arguments[1:]):
        if option == "-name":
            # A bare value is the name; QEMU writes a comma inside a name twice.
            guest = GUEST.search(value) or BARE_GUEST.match(value)
            return printable(guest[1].replace(",,", ","), "") or None if guest else None
    return None
