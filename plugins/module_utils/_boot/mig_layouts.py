# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Restore the MIG layout of a GPU, because the driver loses all instances at each boot."""

from __future__ import annotations

from collections.abc import Iterator

from .._core.problems import Refused
from .._devices import mig
from .._devices.pci import DEVICES
from .._frameworks.nvidia_sriov import DRIVER
from .._guards.base import CONFIGURED
from .._host.records import LAYOUT_RECORDS, Record, read_records
from .._host.root import HostRoot
from .._mig import job
from .._mig.records import recorded_layout
from .cards import check_card
from .records import NotRestorable


class Layouts:
    """The record of mig_layout for one card."""

    kind, title = LAYOUT_RECORDS, "MIG layout"

    def __init__(self, host: HostRoot, card: str, record: Record) -> None:
        self.card = card
        self._host = host
        self._record = record

    @classmethod
    def observe(cls, host: HostRoot) -> Iterator[Layouts]:
        for card, record in read_records(host, cls.kind).items():
            yield cls(host, card, record)

    def missing(self) -> str | None:
        """Return a sentence about a missing driver or nvidia-smi, or None."""
        if self._host.link_name(f"{DEVICES}/{self.card}/driver") != DRIVER:
            return f"{self.card} is not bound to the driver {DRIVER}"
        return None if self._host.has_program(mig.PROGRAM) else f"there is no program {mig.PROGRAM}"

    def run(self, last: bool, check_mode: bool) -> tuple[list[str], list[str]]:
        """Apply the layout. A GPU in use stays unchanged and is reported as a problem."""
        check_card(self._host, self.card, self._record)
        absent = self.missing()
        if absent:
            raise Refused([absent])
        try:
            wanted = recorded_layout(self.card, self._record)
        except Refused as refused:
            raise NotRestorable(refused.problems) from None
        options = job.Options(skip_busy=True, accept_unseen=CONFIGURED, persist=None)
        try:
            result = job.converge(self._host, [wanted], options, check_mode)
        except Refused as refused:
            prefix = f"{self.card} ({self.card}): "
            raise Refused([problem.removeprefix(prefix) for problem in refused.problems]) from None
        (gpu,) = result["gpus"]
        return gpu["done"], [*gpu["busy"], *([gpu["error"]] if gpu["error"] else [])]
