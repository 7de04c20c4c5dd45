# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Restore the mode of a card: its driver, its VFs, and their drivers and settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .._core.problems import Refused
from .._devices.binding import DEFAULT, DRIVERS, NO_DRIVER
from .._devices.pci import DEVICES
from .._devices.sriov import is_vfio_driver
from .._guards.base import CONFIGURED
from .._host.records import MODE_RECORDS, Record, read_records
from .._host.root import HostError, HostRoot
from .._model.wanted import CardWanted
from .._modes import actions, job
from .._modes.wanted import NATIVE
from .cards import awaited_identity, check_card
from .records import recorded_function

MODPROBE = "modprobe"


class Modes:
    """The record of sriov_pf_mode for one card."""

    kind, title = MODE_RECORDS, "mode"

    def __init__(self, host: HostRoot, card: str, record: Record, patient: bool) -> None:
        self.card = card
        self._patient = patient
        self._host = host
        self._record = record
        self._entry: CardWanted | None = None
        self._loaded: set[str] = set()

    @classmethod
    def observe(cls, host: HostRoot, patient: bool = False) -> Iterator[Modes]:
        """Yield an object for each record; if ``patient``, it also waits until its card is no longer in use."""
        for card, record in read_records(host, cls.kind).items():
            yield cls(host, card, record, patient)

    def missing(self) -> str | None:
        """Return a sentence about a missing card, native driver or identity, or None."""
        entry = self._parsed()
        path = f"{DEVICES}/{self.card}"
        if not self._host.exists(path):
            return f"there is no PCI function {self.card}"
        given_away = entry.mode == "pf" and entry.driver != NATIVE
        driver = self._host.link_name(f"{path}/driver")
        if driver is None and not given_away:
            return f"{self.card} is not bound to a driver"
        awaited = None if is_vfio_driver(driver) else awaited_identity(self._host, self.card, self._record)
        return f"the {awaited} of {self.card} is not known yet, so it cannot be compared" if awaited else None

    def run(self, last: bool, check_mode: bool) -> tuple[list[str], list[str]]:
        """Converge the card. Parts in use stay unchanged and are reported as problems."""
        entry = self._parsed()
        if not self._host.exists(f"{DEVICES}/{self.card}"):
            raise Refused([f"there is no PCI function {self.card}"])
        check_card(self._host, self.card, self._record)
        if not check_mode:
            self._load(entry)
        # Create missing VFs even if the port is in use: this was permitted when they were recorded, and no user loses a
        # VF.
        allowed = entry.mode == "vf" and not actions.links(self._host, self.card)
        options = {
            "allow_host_network": allowed,
            "on_busy": "skip",
            "accept_unseen": CONFIGURED,
            "persist": None,
        }
        try:
            result = job.converge(self._host, options, [entry], [], check_mode)
        except Refused as refused:
            prefix = f"functions[0] ({self.card}): "
            raise Refused([problem.removeprefix(prefix) for problem in refused.problems]) from None
        (function,) = result["functions"]
        if function["busy"] and self._patient and not last:
            raise Refused(function["busy"])
        return function["done"], [
            *function["busy"],
            *(text.removeprefix(f"{self.card}: ") for text in result["failures"]),
        ]

    def _parsed(self) -> CardWanted:
        if self._entry is None:
            self._entry = recorded_function(self.card, self._record)
        return self._entry

    def _load(self, entry: CardWanted) -> None:
        """Load modules of drivers that no device requests itself, such as vfio-pci, once per driver."""
        drivers = [entry.driver] if entry.mode == "pf" else []
        drivers += [entry.vf_driver, *(virtual.driver for virtual in entry.vfs.values())]
        ours = [name for name in drivers if name and name not in (NATIVE, DEFAULT, NO_DRIVER)]
        for driver in dict.fromkeys(ours):
            if driver not in self._loaded and not self._host.exists(f"{DRIVERS}/{driver}"):
                self._loaded.add(driver)
                below = [] if self._host.root == "/" else ["-d", self._host.root]
                # The plan reports missing drivers.
                with contextlib.suppress(HostError):
                    self._host.run(MODPROBE, [*below, driver])
