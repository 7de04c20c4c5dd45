# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reads that a driver answers, which may take for ever: each has a deadline, in one child process for all of them.

Only HostRoot uses it. Links of sysfs and procfs, and whether a file exists, are asked for directly: the kernel answers
from its own tree and calls no driver (fs/kernfs/symlink.c, kernfs_iop_readlink; fs/kernfs/inode.c, kernfs_iop_getattr;
fs/proc/base.c, proc_pid_readlink).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .files import Files

# Files that drivers answer; other files are ordinary.
KERNEL = ("sys/", "proc/")
# The kernel's cores answer these from memory, without a lock that a driver may hold: ids and node of a PCI function
# (drivers/pci/pci-sysfs.c, modalias_show, numa_node_show, pci_config_attr; the processor's modalias is
# drivers/base/cpu.c, print_cpu_modalias), the number of a device (drivers/base/core.c, dev_show), the command line
# (fs/proc/cmdline.c; that of a process needs its memory, see fs/proc/base.c, proc_pid_cmdline_read), and the name and
# state of a process (fs/proc/array.c, proc_task_name, proc_pid_status).
STATIC = frozenset(
    ("modalias", "numa_node", "vendor", "device", "subsystem_vendor", "subsystem_device", "class", "dev")
    + ("comm", "status")
)
COMMAND_LINE = "proc/cmdline"
# Reading it takes the device's lock, which a pending removal holds (drivers/pci/pci-sysfs.c, driver_override_show). The
# driver's other attributes may answer all the same.
LOCKED = "driver_override"
DEVICE = re.compile(r"(?:sys/bus/[^/]+/devices|sys/class/[^/]+|proc/driver/nvidia/gpus)/([^/]+)/|proc/([0-9]+)/")
# Seconds; the least that a read may take where other devices have not answered.
LEAST = 0.25
# All reads of one device may take as long as so many.
READS = 15
# Requests for fewer paths than these are put together.
BATCH = 64


class NoAnswer(TimeoutError):
    """A file was not read, because it or another one of its device, ``path``, did not answer within ``seconds``."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__()
        self.path = path
        self.seconds = seconds


class Reader:
    """Asks a child for what may block.

    After the first file of a device that does not answer no other one of that device is asked, and each further device
    gets half the time of the one before: so a scan ends, whatever does not answer.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        # By device (VF, mdev) the card that answers for it.
        self.cards: dict[str, str] = {}
        # By card, or path of an attribute that needs a lock, what did not answer within how many seconds.
        self.silent: dict[str, tuple[str, float]] = {}
        self._answers: dict[tuple[str, str], tuple[int | None, Any] | None] = {}
        self._is_ahead = False

    def get(self, method: str, path: str, timeout: float) -> Any:
        """What the method ``read`` or ``list`` returns for a path; ``OSError``, or :class:`NoAnswer` after a deadline.

        ``timeout`` is in seconds, as long as everything has answered in time.
        """
        if not _may_block(path) or (method == "list" and not DEVICE.match(f"{path}/")):
            # What a bus or a class has is the kernel's own list (fs/kernfs/dir.c, kernfs_fop_readdir).
            return getattr(self._files, method)(path)
        if (method, path) not in self._answers:
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
        """Ask in few requests for what :meth:`get` is about to be asked for once, path by path."""
        waiting = [path for path in paths if _may_block(path)]
        while waiting:
            size = min(BATCH, len(waiting))
            # A request ends where another card begins.
            while size < len(waiting) and self.subject(waiting[size]) == self.subject(waiting[size - 1]):
                size += 1
            self._ask(method, waiting[:size], timeout)
            waiting = waiting[size:]
        self._is_ahead = True
        try:
            yield
        finally:
            # A value that was not fetched may have changed when it is read.
            self._answers.clear()
            self._is_ahead = False
            self._forget_locked()

    def _forget_locked(self) -> None:
        """A lock is released some time, so that the next one who asks may get an answer."""
        self.silent = {subject: silent for subject, silent in self.silent.items() if not is_locked(subject)}

    def _ask(self, method: str, paths: list[str], timeout: float) -> None:
        waiting = [path for path in paths if self.subject(path) not in self.silent]
        self._answers.update(((method, path), None) for path in paths)
        while waiting:
            patience = max(min(LEAST, timeout), timeout / 2 ** len(self.silent))
            answers, silent = self._files.each_in_time(patience, READS * patience, method, waiting)
            self._answers.update(((method, path), answer) for path, answer in zip(waiting, answers))
            if silent is None:
                return
            for path in (waiting[silent], *waiting[len(answers) : silent]):
                self.silent.setdefault(self.subject(path), (path, patience))
            waiting = [path for path in waiting[silent:] if self.subject(path) not in self.silent]

    def subject(self, path: str) -> str:
        """Who answers: the card of a device, a process, or the file itself."""
        found = None if is_locked(path) else DEVICE.match(path)
        name = found[found.lastindex or 0] if found else path
        return self.cards.get(name, name)


def is_locked(path: str) -> bool:
    """Whether reading a file waits for the lock of a device."""
    return path.endswith(LOCKED)


def _may_block(path: str) -> bool:
    return path.startswith(KERNEL) and path.rpartition("/")[2] not in STATIC and path != COMMAND_LINE
