# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read files that drivers or servers answer. These reads may block forever, so they run in one child with deadlines.

Only HostRoot uses this file. Links of sysfs and procfs, and the existence of a file there, are read directly: the
kernel answers from its own tree without calling a driver (fs/kernfs/symlink.c, kernfs_iop_readlink; fs/kernfs/inode.c,
kernfs_iop_getattr; fs/proc/base.c, proc_pid_readlink). Data of other programs, such as container engines, may be on a
file server that does not answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .._core.patterns import lazy_pattern
from .files import Files

# Files below these directories may call drivers.
KERNEL = ("sys/", "proc/")
# These are needed to boot, so they are on local drives or in memory.
LOCAL = ("etc/", "run/", "usr/", "dev/", "lib/", "boot/")
# Except guest definitions, which clusters share, the file system of Proxmox VE, which a process answers, and units,
# which may be links to other places (``systemctl link``).
SHARED = ("etc/libvirt/", "etc/pve/", "etc/systemd/")
# Data of one program, or the homes of all users: after a timeout there, the rest of it is not read.
PLACE = lazy_pattern(r"home\b|var/[^/]+/[^/]+|[^/]+/[^/]+|[^/]+")
# The kernel core answers these from memory, without a lock that a driver may hold. Sources: ids and NUMA node of a PCI
# function (drivers/pci/pci-sysfs.c, modalias_show, numa_node_show, pci_config_attr); modalias of a CPU
# (drivers/base/cpu.c, print_cpu_modalias); device number (drivers/base/core.c, dev_show); kernel command line
# (fs/proc/cmdline.c; that of a process needs its memory, see fs/proc/base.c, proc_pid_cmdline_read); name and state of
# a process (fs/proc/array.c, proc_task_name, proc_pid_status).
STATIC = frozenset(
    ("modalias", "numa_node", "vendor", "device", "subsystem_vendor", "subsystem_device", "class", "dev")
    + ("comm", "status")
)
COMMAND_LINE = "proc/cmdline"
# Reading it takes the device lock, which a pending removal holds (drivers/pci/pci-sysfs.c, driver_override_show). Other
# attributes of the driver may still answer.
LOCKED = "driver_override"
# Lists of the kernel without which uses are unknown. Other kernel files concern one device or process.
LISTS = lazy_pattern(
    r"proc|proc/(?:swaps|mdstat|(?:1/|self/)?(?:mounts|mountinfo|net/(?!packet\Z)[^/]+))"
    r"|sys/class(?:/[^/]+)?|sys/class/block/[^/]+/(?:holders|slaves)|sys/class/net/[^/]+(?:/master)?"
    r"|sys/fs(?:/.+)?|sys/dev/(?:block|char)|sys/bus/[^/]+/devices|sys/kernel/config/.+"
)
DEVICE = lazy_pattern(r"(?:sys/bus/[^/]+/devices|sys/class/[^/]+|proc/driver/nvidia/gpus)/([^/]+)/|proc/([0-9]+)/")
# In seconds: the shortest timeout of a read after other devices have timed out.
LEAST = 0.25
# All reads of one device together may take this many read timeouts.
READS = 15
# Requests are merged up to this number of paths.
BATCH = 64


class NoAnswer(TimeoutError):
    """A file was not read because ``path``, a file of the same device, did not answer within ``seconds``."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__()
        self.path = path
        self.seconds = seconds


class Reader:
    """Reads files that may block in a child process.

    After the first timeout of a device, its other files are not read. A file on a disk is read twice before that. Each
    further device gets half the timeout of the previous one, so a scan ends even if no device answers.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        # Maps each device (VF, mdev) to the card whose driver answers for it.
        self.cards: dict[str, str] = {}
        # Maps each card, or path of an attribute that needs a lock, to the path that timed out and the timeout in
        # seconds.
        self.silent: dict[str, tuple[str, float]] = {}
        self._answers: dict[tuple[str, str], tuple[int | None, Any] | None] = {}
        # Paths that have timed out and were read again.
        self._retried: set[str] = set()
        self._is_ahead = False

    def get(self, method: str, path: str, timeout: float) -> Any:
        """Return the value of a method such as ``read``; raise ``OSError``, or :class:`NoAnswer` after a timeout.

        ``timeout`` is in seconds and gets shorter after other devices have timed out.
        """
        is_link, of_kernel = method == "link", path.startswith(KERNEL)
        if not may_block(path) or (of_kernel and (is_link or method == "list" and not DEVICE.match(f"{path}/"))):
            # The kernel itself lists the members of a bus or class (fs/kernfs/dir.c, kernfs_fop_readdir).
            return getattr(self._files, method)(path)
        if (method, path) not in self._answers:
            self._ask(method, [path], timeout)
        if self._answers[(method, path)] is None and self._may_be_slow(path):
            self._retried.add(path)
            self.silent.pop(self.subject(path), None)
            self._ask(method, [path], timeout)
        answer = self._answers.pop((method, path))
        if answer is None:
            silent = self.silent.get(self.subject(path), (path, timeout))
            if not self._is_ahead:
                self._forget_locked()
            raise NoAnswer(*silent)
        number, value = answer
        if number is not None:
            raise OSError(number, os.strerror(number))
        return value

    @contextmanager
    def ahead(self, method: str, paths: Iterable[str], timeout: float) -> Iterator[None]:
        """Read all ``paths`` in few requests; within the block, :meth:`get` returns each value once."""
        waiting = [path for path in paths if may_block(path)]
        while waiting:
            size = min(BATCH, len(waiting))
            # A request ends at a boundary between two cards.
            while size < len(waiting) and self.subject(waiting[size]) == self.subject(waiting[size - 1]):
                size += 1
            self._ask(method, waiting[:size], timeout)
            waiting = waiting[size:]
        self._is_ahead = True
        try:
            yield
        finally:
            # Values that were not fetched may be outdated at the next read.
            self._answers.clear()
            self._is_ahead = False
            self._forget_locked()

    def _may_be_slow(self, path: str) -> bool:
        """Return whether to read a file again after a timeout, because the machine or its disk may only be slow.

        Other files of a place are not read again if the second read of the first file failed, too.
        """
        if path.startswith(KERNEL):
            # Other files of process 1 may need its memory.
            return LISTS.fullmatch(path) is not None
        subject = self.subject(path)
        return subject not in self.silent or (self.silent[subject][0] == path and path not in self._retried)

    def _forget_locked(self) -> None:
        """Forget attributes that waited for a lock: locks are released, so the next read may succeed."""
        self.silent = {subject: silent for subject, silent in self.silent.items() if not is_locked(subject)}

    def _ask(self, method: str, paths: list[str], timeout: float) -> None:
        waiting = [path for path in paths if self.subject(path) not in self.silent]
        self._answers.update(((method, path), None) for path in paths)
        while waiting:
            patience = max(min(LEAST, timeout), timeout / 2 ** self._silent_like(waiting[0]))
            answers, silent = self._files.each_in_time(patience, READS * patience, method, waiting)
            self._answers.update(((method, path), answer) for path, answer in zip(waiting, answers))
            if silent is None:
                return
            for path in (waiting[silent], *waiting[len(answers) : silent]):
                self.silent.setdefault(self.subject(path), (path, patience))
            waiting = [path for path in waiting[silent:] if self.subject(path) not in self.silent]

    def _silent_like(self, path: str) -> int:
        """Return the number of devices that have timed out, or of places of files if ``path`` is not a driver file."""
        of_kernel = path.startswith(KERNEL)
        return sum(silent.startswith(KERNEL) == of_kernel for silent, _seconds in self.silent.values())

    def subject(self, path: str) -> str:
        """Return what must answer a read: the card of a device, a process, a place of files, or the file itself."""
        if not path.startswith(KERNEL):
            place = PLACE.match(path)
            return place[0] if place else path
        found = None if is_locked(path) else DEVICE.match(path)
        name = found[found.lastindex or 0] if found else path
        return self.cards.get(name, name)


def is_locked(path: str) -> bool:
    """Return whether reading a file waits for the lock of a device."""
    return path.endswith(LOCKED)


def may_block(path: str) -> bool:
    """Return whether a read may block forever, because a driver or a server answers it."""
    if path.startswith(KERNEL):
        return path.rpartition("/")[2] not in STATIC and path != COMMAND_LINE
    return path.startswith(SHARED) or not f"{path}/".startswith(LOCAL)
