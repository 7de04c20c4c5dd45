# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that have VFIO devices open, as shown in ``proc``."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .devices import Device
from .kstrto import error
from .tree import Attribute, Link, constant

if TYPE_CHECKING:
    from .host import SimHost

FIRST_PID = 4000
FIRST_FD = 3
# Since this version, fdinfo contains the directory of the device.
FDINFO_NAMES_DEVICE = (7, 3)


@dataclass
class Process:
    """A process with its open files."""

    pid: int
    comm: str
    cmdline: list[str]
    holders: list[Holder] = field(default_factory=list)
    next_fd: int = FIRST_FD

    @property
    def vm_name(self) -> str:
        """Return the guest name from ``-name guest=...``, as libvirt writes it, or the process name."""
        for option, value in zip(self.cmdline, self.cmdline[1:]):
            if option == "-name":
                return value.split(",")[0].removeprefix("guest=")
        return self.comm


@dataclass
class Holder:
    """A device that a process has open, with the file descriptors."""

    process: Process
    device: Device
    fds: list[int]


class Holders:
    """The simulated processes of a host."""

    def __init__(self, host: SimHost) -> None:
        self.host = host
        self.processes: dict[int, Process] = {}

    def hold(self, device: Device, pid: int | None, comm: str, cmdline: Sequence[str], cdev: bool) -> Holder:
        """Open a device in a new or existing process.

        Raises OSError: ENODEV if VFIO does not offer the device, EBUSY if another process has its group. EPERM means
        that a host driver has another device of the group.
        """
        device.check_open()
        group = device.group
        assert group is not None
        process = self.processes.get(pid) if pid is not None else None
        users = {holder.process.pid for member in group.members for holder in member.holders}
        if users and (process is None or users != {process.pid}):
            raise error(errno.EBUSY)
        if not group.viable:
            raise error(errno.EPERM)
        if process is None:
            pid = pid if pid is not None else max([FIRST_PID, *self.processes]) + 1
            process = self._start(Process(pid, comm, list(cmdline) or [comm]))
        if cdev and device.vfio_number is not None:
            targets = [f"/dev/vfio/devices/vfio{device.vfio_number}"]
        else:
            targets = ["/dev/vfio/vfio", f"/{group.device_node}", "anon_inode:[vfio-device]"]
        holder = Holder(process, device, [self._open(process, target, device) for target in targets])
        process.holders.append(holder)
        device.holders.append(holder)
        return holder

    def look_at(self, path: str, pid: int, comm: str) -> None:
        """Let a process refer to a file without opening it (O_PATH), like udev while it sets up a device node."""
        self._open(self._start(Process(pid, comm, [comm])), path, flags=os.O_PATH | os.O_CLOEXEC)

    def release(self, device: Device) -> None:
        """Close a device in every process; processes without open files end."""
        for holder in list(device.holders):
            process = holder.process
            device.holders.remove(holder)
            process.holders.remove(holder)
            for fd in holder.fds:
                self.host.tree.remove(f"proc/{process.pid}/fd/{fd}")
                self.host.tree.remove(f"proc/{process.pid}/fdinfo/{fd}")
            if not process.holders:
                del self.processes[process.pid]
                self.host.tree.remove(f"proc/{process.pid}")

    def _start(self, process: Process) -> Process:
        self.processes[process.pid] = process
        self.host.tree.attributes(f"proc/{process.pid}", process_attributes(process.pid, process.comm, process.cmdline))
        for fd in range(FIRST_FD):
            self.host.tree.add(f"proc/{process.pid}/fd/{fd}", Link("/dev/null"))
        return process

    def _open(
        self, process: Process, target: str, device: Device | None = None, flags: int = os.O_RDWR | os.O_CLOEXEC
    ) -> int:
        fd = process.next_fd
        process.next_fd += 1
        self.host.tree.add(f"proc/{process.pid}/fd/{fd}", Link(target))
        lines = f"pos:\t0\nflags:\t0{flags:o}\nmnt_id:\t15\n"
        opened = target.startswith(("anon_inode", "/dev/vfio/devices"))
        if device and opened and self.host.kernel >= FDINFO_NAMES_DEVICE:
            lines += f"vfio-device-syspath: /{device.path}\n"
        self.host.tree.add(f"proc/{process.pid}/fdinfo/{fd}", Attribute(lines.encode()))
        return fd


def process_attributes(pid: int, comm: str, cmdline: Sequence[str]) -> dict[str, Attribute]:
    """Return the files of a process of root."""
    return {
        "comm": constant(comm),
        "cmdline": Attribute("".join(f"{word}\0" for word in cmdline).encode()),
        "status": constant(
            f"Name:\t{comm}\nState:\tS (sleeping)\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t1\nUid:\t0\t0\t0\t0"
        ),
    }
