# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulate ``prelim_iov`` of the driver i915 with SR-IOV: the shares of each VF (i915_sriov_sysfs.c, gt/iov)."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

from .kstrto import boolean, error, unsigned
from .operations import Steps
from .tree import Attribute

if TYPE_CHECKING:
    from .pci import PciFunction

MIB = 1 << 20
# Bits of the number, its granularity, and the maximum of all VFs together, by name.
TIMES = {"exec_quantum_ms": 32, "preempt_timeout_us": 32}
QUOTAS = {
    "ggtt_quota": (64, 4096, 3072 * MIB),
    "contexts_quota": (16, 128, 57344),
    "doorbells_quota": (16, 1, 256),
}
# A VF is only valid with these quotas (pf_validate_config).
NEEDED = ("ggtt_quota", "contexts_quota")


class Provisioning:
    """The directories of all possible VFs of a card, enabled or not."""

    def __init__(self, function: PciFunction, total: int) -> None:
        self.function = function
        self.path = f"{function.path}/drm/card0/prelim_iov"
        # Whether the driver provisions new VFs, and whether it has done so.
        self.automatic = True
        self.provided = False
        self.values = [dict.fromkeys([*TIMES, *QUOTAS], 0) for _number in range(total)]

    def attach(self) -> None:
        """Create the files."""
        tree = self.function.host.tree
        auto = Attribute(lambda: f"{int(self.automatic)}\n", self._store_auto)
        tree.attributes(f"{self.path}/pf", {"auto_provisioning": auto})
        for number, values in enumerate(self.values, 1):
            files = {name: Attribute(self._show(values, name), self._store(values, name)) for name in values}
            tree.attributes(f"{self.path}/vf{number}/gt0", files)

    def detach(self) -> Steps[None]:
        """Remove the files."""
        yield from ()
        self.function.host.tree.remove(f"{self.function.path}/drm")

    def before_enable(self, number: int) -> None:
        """Give equal parts to VFs that have none (i915_sriov_pf_enable_vfs). Raises OSError."""
        ours = self.values[:number]
        complete = [all(values[name] for name in NEEDED) for values in ours]
        empty = [not any(values[name] for name in QUOTAS) for values in ours]
        if all(empty) and self.automatic:
            self.provided = True
            for values in ours:
                for name, (_bits, granularity, most) in QUOTAS.items():
                    values[name] = most // number // granularity * granularity
        elif not all(empty) and sum(complete) + sum(empty) != number:
            raise error(errno.ENOKEY)

    def after_disable(self) -> None:
        """Remove the quotas that the driver has set by default (pf_auto_unprovision)."""
        if self.provided:
            for values in self.values:
                values.update(dict.fromkeys(values, 0))
        self.provided = False

    def _store_auto(self, data: bytes) -> None:
        wanted = boolean(data)
        if wanted and not self.automatic and any(values[name] for values in self.values for name in QUOTAS):
            raise error(errno.ESTALE)
        self.automatic = wanted

    @staticmethod
    def _show(values: dict[str, int], name: str) -> Callable[[], str]:
        return lambda: f"{values[name]}\n"

    def _store(self, values: dict[str, int], name: str) -> Callable[[bytes], None]:
        def store(data: bytes) -> None:
            bits, granularity, most = QUOTAS.get(name, (32, 1, None))
            value = -(-unsigned(data, bits) // granularity) * granularity
            others = sum(one[name] for one in self.values if one is not values)
            if most is not None and others + value > most:
                values[name] = 0
                raise error(errno.EDQUOT)
            if value or values[name]:
                self.automatic = False
            values[name] = value

        return store
