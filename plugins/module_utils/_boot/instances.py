# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Restore the mediated devices and vGPUs of a card. Existing devices stay unchanged, even if they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .._core.problems import Refused
from .._frameworks.definitions import read_definitions
from .._frameworks.registry import FRAMEWORKS
from .._guards.base import CONFIGURED
from .._host.records import INSTANCE_RECORDS, Record
from .._host.root import HostRoot
from .._instances import job
from .._instances.observe import observe_devices
from .._instances.recorded import observe_records
from .._model.host import Device
from .cards import check_card
from .records import RecordedDevice, recorded_instances

OPTIONS = {
    "state": "present",
    "exact": False,
    "placement": "spread",
    "on_busy": "skip",
    "accept_unseen": CONFIGURED,
    "persist": None,
}


class Instances:
    """The record of mdev_instance for one card."""

    kind, title = INSTANCE_RECORDS, "devices"

    def __init__(self, host: HostRoot, card: str, record: Record) -> None:
        self.card = card
        self._host = host
        self._record = record
        self._devices: list[RecordedDevice] | None = None

    @classmethod
    def observe(cls, host: HostRoot) -> Iterator[Instances]:
        for card, record in observe_records(host).items():
            yield cls(host, card, record)

    def missing(self) -> str | None:
        """Return a sentence about parents that do not offer types yet, or None."""
        absent = _list(one.parent for one in self._wanted() if not self._offers_types(one.parent))
        return f"there is no parent {absent}" if absent else None

    def run(self, last: bool, check_mode: bool) -> tuple[list[str], list[str]]:
        """Create missing devices; at the ``last`` attempt create as many as possible."""
        check_card(self._host, self.card, self._record)
        wanted, problems = self._without_existing(self._wanted())
        absent = [one for one in wanted if not self._offers_types(one.parent)]
        if absent:
            names = _list(one.wanted.types[0] for one in absent)
            problems.append(f"{len(absent)} of {names} are not created: {self.missing()}")
        possible = [one for one in wanted if one not in absent]
        if not possible:
            return [], problems
        deadline = self._host.now() + self._host.timeout
        try:
            done, failures = self._make(possible, check_mode)
        except Refused:
            if not last:
                raise
            done, failures = Counter(), ["these records contradict each other. Run the play again"]
        if failures and self._host.now() < deadline:
            # Create devices one by one, because one that fails must not prevent the others.
            failures = self._make_each(self._without_existing(possible)[0], done, check_mode, deadline)
        return [f"created {count} of {name}" for name, count in done.items()], problems + failures

    def _make_each(
        self, devices: list[RecordedDevice], done: Counter[str], check_mode: bool, deadline: float
    ) -> list[str]:
        problems: list[str] = []
        for device in devices:
            if self._host.now() >= deadline:
                problems.append(
                    f"{device.id} was skipped, because the other devices took {self._host.timeout:g} s. Increase "
                    "boot_timeout"
                )
                continue
            try:
                more, failures = self._make([device], check_mode)
            except Refused as refused:
                problems += [f"{device.id}: {text.removeprefix('instances[0]: ')}" for text in refused.problems]
                continue
            done.update(more)
            problems += failures
        return problems

    def _make(self, devices: list[RecordedDevice], check_mode: bool) -> tuple[Counter[str], list[str]]:
        """Create devices; return the number of created ones by type, and the failures."""
        wanted = [
            device.wanted._replace(place=place, label=f"instances[{place}]") for place, device in enumerate(devices)
        ]
        result = job.converge(self._host, OPTIONS, wanted, check_mode)
        made = [one for one in result["instances"] if one["action"] == "created"]
        done = Counter(str(one["type_name"] or one["type"]) for one in made)
        return done, result["failures"]

    def _wanted(self) -> list[RecordedDevice]:
        if self._devices is None:
            self._devices = recorded_instances(self._record, read_definitions(self._host))
        return self._devices

    def _offers_types(self, parent: str) -> bool:
        """Return whether a parent offers types, which some drivers list only after a delay."""
        return any(framework.offers_types(self._host, parent) for framework in FRAMEWORKS)

    def _without_existing(self, wanted: list[RecordedDevice]) -> tuple[list[RecordedDevice], list[str]]:
        """Return the missing devices, and a sentence for each that exists in another form."""
        existing = {device.id: device for device in observe_devices(self._host).devices if device.state != "defined"}
        missing, problems = [], []
        for one in wanted:
            device = existing.get(one.id)
            if device is None:
                missing.append(one)
            elif device.state == "removing":
                problems.append(f"{one.id} is being removed, but a process still has it open")
            elif device.parent != one.parent or not _is_same_type(device, one):
                problems.append(
                    f"{one.id} remains unchanged: it is {device.type_name or device.type_id} on "
                    f"{device.parent}, but the record has {one.wanted.types[0]} on {one.parent}"
                )
        return missing, problems


def _list(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _is_same_type(device: Device, recorded: RecordedDevice) -> bool:
    """Compare type names, because ids may change. A full NVIDIA card does not list names, so then compare ids."""
    if device.type_name is None:
        return device.type_id == recorded.type_id
    return recorded.wanted.types[0] in (device.type_id, device.type_name)
