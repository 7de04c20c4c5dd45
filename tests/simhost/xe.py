# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``sriov_admin`` of Intel's driver xe: the shares of VFs (drivers/gpu/drm/xe/xe_sriov_pf_sysfs.c)."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

from .kstrto import error, unsigned
from .operations import Steps
from .tree import Attribute, constant

if TYPE_CHECKING:
    from .pci import PciFunction

MIB = 1 << 20
# The firmware can change it only for all VFs together.
PRIORITIES = "low [normal]"


class Shares:
    """The directories of all possible VFs of a card, enabled or not."""

    def __init__(self, function: PciFunction, total: int) -> None:
        self.function = function
        self.total = total
        self.path = f"{function.path}/sriov_admin"
        self.quotas = [0] * total

    def attach(self) -> None:
        """Create the files."""
        tree = self.function.host.tree
        for number in range(1, self.total + 1):
            values = {"exec_quantum_ms": 0, "preempt_timeout_us": 0}
            files = {name: Attribute(self._show(values, name), self._store(values, name)) for name in values}
            if self.function.spec.vram:
                files["vram_quota"] = Attribute(self._show_quota(number), self._store_quota(number))
            tree.attributes(f"{self.path}/vf{number}/profile", {**files, "sched_priority": constant(PRIORITIES)})

    def detach(self) -> Steps[None]:
        """Remove the files."""
        yield from ()
        self.function.host.tree.remove(self.path)

    @staticmethod
    def _show(values: dict[str, int], name: str) -> Callable[[], str]:
        return lambda: f"{values[name]}\n"

    @staticmethod
    def _store(values: dict[str, int], name: str) -> Callable[[bytes], None]:
        return lambda data: values.update({name: unsigned(data, 32)})

    def _show_quota(self, number: int) -> Callable[[], str]:
        return lambda: f"{self.quotas[number - 1]}\n"

    def _store_quota(self, number: int) -> Callable[[bytes], None]:
        def store(data: bytes) -> None:
            quota = unsigned(data, 64)
            others = sum(self.quotas) - self.quotas[number - 1]
            if others + quota > (self.function.spec.vram or 0) * MIB:
                raise error(errno.ENOSPC)
            self.quotas[number - 1] = quota

        return store
