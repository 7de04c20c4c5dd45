# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Restore the mediated devices and vGPUs of a card. Existing devices stay unchanged, even if they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .._core.problems import Refused
from .._devices.pci import DEVICES
from .._frameworks import mdev, nvidia_vfio
from .._frameworks.definitions import read_definitions
from .._guards.base import CONFIGURED
from .._host.root import HostRoot
from .._instances import job
from .._instances.records import INSTANCE_RECORDS, observe_records
from .._instances.wanted import parse_instances
from .._model.host import Device
from .cards import check_card
from .records import recorded_instances

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

    kind = INSTANCE_RECORDS

    def __init__(self, host: HostRoot, card: str, record: dict[str, Any]) -> None:
        self.card = card
        self._host = host
        self._record = record
        self._options: list[dict[str, Any]] | None = None

    @classmethod
    def observe(cls, host: HostRoot) -> Iterator[Instances]:
        for card, record in observe_records(host).items():
            yield cls(host, card, record)

    def missing(self) -> str | None:
        """Return a sentence about parents that do not offer types yet, or None."""
        absent = _list(one["parent"] for one in self._wanted() if not self._is(one["parent"]))
        return f"there is no parent {absent}" if absent else None

    def run(self, last: bool, check_mode: bool) -> tuple[list[str], list[str]]:
        """Create missing devices; at the ``last`` attempt create as many as possible."""
        check_card(self._host, self.card, self._record)
        wanted, problems = self._without_existing(self._wanted())
        absent = [option for option in wanted if not self._is(option["parent"])]
        if absent:
            problems.append(
                f"{len(absent)} of {_list(one['type'][0] for one in absent)} are not created: {self.missing()}"
            )
        possible = [option for option in wanted if option not in absent]
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
        self, options: list[dict[str, Any]], done: Counter[str], check_mode: bool, deadline: float
    ) -> list[str]:
        problems: list[str] = []
        for option in options:
            if self._host.now() >= deadline:
                problems.append(
                    f"{_name(option)} was skipped, because the other devices took {self._host.timeout:g} s. Increase "
                    "boot_timeout"
                )
                continue
            try:
                more, failures = self._make([option], check_mode)
            except Refused as refused:
                problems += [f"{_name(option)}: {text.removeprefix('instances[0]: ')}" for text in refused.problems]
                continue
            done.update(more)
            problems += failures
        return problems

    def _make(self, options: list[dict[str, Any]], check_mode: bool) -> tuple[Counter[str], list[str]]:
        """Create devices; return the number of created ones by type, and the failures."""
        wanted = parse_instances(options, "present", False)
        result = job.converge(self._host, OPTIONS, wanted, check_mode)
        made = [one for one in result["instances"] if one["action"] == "created"]
        done = Counter(str(one["type_name"] or one["type"]) for one in made)
        return done, result["failures"]

    def _wanted(self) -> list[dict[str, Any]]:
        if self._options is None:
            self._options = recorded_instances(self._record, read_definitions(self._host))
        return self._options

    def _is(self, parent: str) -> bool:
        """Return whether a parent offers types, which some drivers list only after a delay."""
        types = self._host.names(f"{mdev.PARENTS}/{parent}/mdev_supported_types")
        return bool(types) or self._host.exists(f"{DEVICES}/{parent}/{nvidia_vfio.CURRENT_TYPE}")

    def _without_existing(self, options: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the missing devices, and a sentence for each that exists in another form."""
        existing = {device.id: device for device in job.observe(self._host).devices if device.state != "defined"}
        missing, problems = [], []
        for option in options:
            device = existing.get(_name(option))
            if device is None:
                missing.append(option)
            elif device.state == "removing":
                problems.append(f"{_name(option)} is being removed, but a process still has it open")
            elif device.parent != option["parent"] or not _fits(device, option):
                problems.append(
                    f"{_name(option)} remains unchanged: it is {device.type_name or device.type_id} on "
                    f"{device.parent}, but the record has {option['type'][0]} on {option['parent']}"
                )
        return missing, problems


def _list(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _name(option: dict[str, Any]) -> str:
    """Return the UUID of an mdev, or the address of a VF."""
    return str(option["uuid"] or option["parent"])


def _fits(device: Device, option: dict[str, Any]) -> bool:
    """Compare type names, because ids may change. A full NVIDIA card does not list names, so then compare ids."""
    if device.type_name is None:
        return bool(device.type_id == option["id"])
    return option["type"][0] in (device.type_id, device.type_name)
