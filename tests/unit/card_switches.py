# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cards of simulated hosts, and files that run an action at a certain write."""

from __future__ import annotations

import errno

IGB, ICE, MLX5, BNXT = "0000:01:00.1", "0000:31:00.0", "0000:98:00.0", "0000:c1:00.0"


NVME = "0000:61:00.0"


CARDS = [("nics", IGB), ("nics", ICE), ("nics", MLX5), ("nics", BNXT), ("nvme", NVME)]


GPUS = [("a40", "0000:41:00.0"), ("l40s", "0000:84:00.0")]


def path(pf):
    return f"sys/bus/pci/devices/{pf}"


class Killed(BaseException):
    """Stands for a process that was killed."""


class CountedFiles:
    """The files of a simulated host, which run an action at a certain write."""

    def __init__(self, files, at, action):
        self._files, self._at, self._action, self.writes = files, at, action, 0

    def __getattr__(self, name):
        return getattr(self._files, name)

    def _count(self):
        self.writes += 1
        if self.writes == self._at:
            self._action()

    def write(self, path, data):
        self._count()
        self._files.write(path, data)

    def in_time(self, timeout, method, *arguments):
        return self._files.attempt(lambda: getattr(self, method)(*arguments), timeout)

    def replace(self, path, data):
        self._count()
        self._files.replace(path, data)

    def unlink(self, path):
        self._count()
        self._files.unlink(path)


def at_write(run, number, action):
    """Let a host run ``action`` at its n-th write; return the object that counts the writes."""
    run.host.files = run.host.tools.files = CountedFiles(run.host.kernel.accessor(), number, action)
    return run.host.files


def undisturbed(run):
    run.host.files = run.host.tools.files = run.host.kernel.accessor()


def kill():
    raise Killed


def fail():
    raise OSError(errno.EIO, "injected")


def comparable(result):
    """Return the parts of the result that check mode can predict, without the kernel's choices."""
    functions = []
    for function in result["functions"]:
        after = {name: function["after"][name] for name in ("mode", "driver_override", "num_vfs", "drivers_autoprobe")}
        places = [(one["index"], one["address"]) for one in function["after"]["virtual_functions"]]
        functions.append({**function, "before": None, "after": after, "seconds": None, "places": places})
    return {**result, "functions": functions}
