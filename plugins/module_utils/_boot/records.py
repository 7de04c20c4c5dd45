# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert records back to module options; no I/O. Records may have been edited manually."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._core.grammar import PCI_ADDRESS
from .._core.problems import Refused
from .._host.records import Record
from .._instances import recorded
from .._instances.wanted import INSTANCE, parse_instances
from .._model.host import Definition
from .._model.wanted import CardWanted, DeviceWanted
from .._modes.wanted import parse_functions


class NotRestorable(Refused):
    """An error that waiting cannot resolve."""


# Types of options. In modules, Ansible's argument check ensures them.
FUNCTION: dict[str, type] = {
    "pf": str,
    "mode": str,
    "num_vfs": str,
    "driver": str,
    "vf_driver": str,
    "drivers_autoprobe": bool,
    "reconfigurable": bool,
    "vfs": list,
    "eswitch": str,
}
VIRTUAL_FUNCTION: dict[str, type] = {
    "index": str,
    "driver": str,
    "mac": str,
    "vlan": int,
    "qos": int,
    "spoofchk": bool,
    "trust": bool,
    "link_state": str,
    "min_tx_rate": int,
    "max_tx_rate": int,
    "exec_quantum_ms": int,
    "preempt_timeout_us": int,
    "vram_quota": int,
    "ggtt_quota": int,
    "contexts_quota": int,
    "doorbells_quota": int,
}
CHOICES = {
    "mode": ("pf", "vf"),
    "eswitch": ("legacy", "switchdev"),
    "link_state": ("auto", "enable", "disable"),
}


def recorded_function(card: str, record: Record) -> CardWanted:
    """Return the entry (see :func:`parse_functions`) in a record of sriov_pf_mode; raise :class:`NotRestorable`."""
    if not PCI_ADDRESS.match(card):
        raise NotRestorable([f"{card[:80]!r} is not a PCI address"])
    given = _checked(record.get("function"), FUNCTION, ("pf", "mode"))
    given["vfs"] = [_checked(virtual, VIRTUAL_FUNCTION, ("index",)) for virtual in given["vfs"] or []] or None
    if given["pf"] != card:
        raise NotRestorable([f"its record belongs to {given['pf'][:80]}"])
    # A pinned card may be restored, because its record is its declared state.
    given["reconfigurable"] = True
    entry = parse_functions([given])[0]
    if entry.problems:
        raise NotRestorable([f"its record is wrong: {problem}" for problem in entry.problems])
    return entry


class RecordedDevice(NamedTuple):
    """A device to restore at boot. ``wanted`` contains the name of its type if the record contains it."""

    wanted: DeviceWanted
    type_id: str
    parent: str

    @property
    def id(self) -> str:
        """Return the UUID of an mdev or the address of a VF."""
        return self.wanted.uuid or self.parent


def recorded_instances(record: Record, definitions: Mapping[tuple[str, str], Definition]) -> list[RecordedDevice]:
    """Return the devices that a record of mdev_instance restores at boot.

    Raises :class:`NotRestorable` for an invalid record.
    """
    wrong = [one for one in record["instances"] if not recorded.is_complete(one)]
    if wrong:
        raise NotRestorable([f"its record has {str(one)[:160]}, which is not a device" for one in wrong])
    found = record["instances"]
    if not record.get(recorded.MARK):
        found = recorded.wanted_at_boot(found, definitions)
    at_boot = [instance for instance in found if instance["autostart"]]
    options = [
        {
            **dict.fromkeys(INSTANCE),
            "uuid": instance["uuid"],
            "parent": instance["parent"],
            # Ids may change with the driver version, names do not.
            "type": [instance["type_name"] or instance["type"]],
            "attributes": [{name: value} for name, value in instance["attributes"]],
        }
        for instance in at_boot
    ]
    try:
        wanted = parse_instances(options, "present", False)
    except Refused as refused:
        raise NotRestorable([f"its record is wrong: {problem}" for problem in refused.problems]) from None
    return [RecordedDevice(one, instance["type"], instance["parent"]) for one, instance in zip(wanted, at_boot)]


def _checked(given: Any, types: dict[str, type], required: tuple[str, ...]) -> dict[str, Any]:
    """Return the given options, with None for missing ones; raise :class:`NotRestorable` if they are invalid."""
    if not isinstance(given, dict):
        raise NotRestorable(["its record was not written by this collection"])
    problems = [f"its record has no {name}" for name in required if given.get(name) is None]
    for name, value in given.items():
        if name not in types:
            problems.append(f"its record has {str(name)[:80]!r}, which this version does not know")
        elif value is not None and not _is(value, types[name]):
            problems.append(
                f"its record has {name} {str(value)[:80]!r}, which is not of the type {types[name].__name__}"
            )
        elif value is not None and name in CHOICES and value not in CHOICES[name]:
            problems.append(
                f"its record has {name} {str(value)[:80]!r}, which is not one of {', '.join(CHOICES[name])}"
            )
    if problems:
        raise NotRestorable(problems)
    return {**dict.fromkeys(types), **given}


def _is(value: Any, kind: type) -> bool:
    """Return ``isinstance(value, kind)``, but do not count booleans as integers."""
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
