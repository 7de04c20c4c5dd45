# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Files that restore the mode of a card after a reboot or passthrough: a record and a udev rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._core.patterns import lazy_pattern
from .._devices import pci
from .._devices.identity import SUBSYSTEM, Identities, kept_identity, model_of
from .._devices.mdevctl import RESTORE_UNIT
from .._host import ownership
from .._host.records import DIRECTORY, MODE_RECORDS, RECORD_SUFFIX, RUN_DIRECTORY, Record, record_path, record_text
from .._host.root import HostRoot
from .._model.host import Card, Native
from .._model.steps import CardStep, KeepRecord, KeepRule, Remember
from .._model.wanted import CardWanted
from .wanted import DRIVER

# Cards whose sriov_drivers_autoprobe a run has disabled temporarily.
AUTOPROBE_OFF = "sriov_drivers_autoprobe"
# Cards that a run is changing; their udev rules do nothing meanwhile.
CHANGING = "changing"
RULES = "etc/udev/rules.d"
# Only text in this format is written to a rule.
SERIAL_NUMBER = lazy_pattern(r"[0-9a-f]{2}(-[0-9a-f]{2})+\Z", re.IGNORECASE)


def rule_path(address: str) -> str:
    return f"{RULES}/90-vfio-devices-{address}.rules"


def observe_rule(host: HostRoot, address: str) -> str | None:
    return host.read(rule_path(address), optional=True)


def refuse_rule(host: HostRoot, address: str) -> str | None:
    """Return why the path of a card's rule must not be written, or None."""
    return host.refusal(rule_path(address))


def rule(address: str, count: int, matches_card: Sequence[str] = ()) -> str:
    """Return a rule that creates VFs when the native driver is bound again, after passthrough or a driver update.

    The rule reacts to "bind", because a driver may be missing when the function is added. The removal of VFs causes no
    event (drivers/base/dd.c). ``matches_card`` is the result of :func:`card_matches`.
    """
    matches = [
        'ACTION=="bind"',
        'SUBSYSTEM=="pci"',
        f'KERNEL=="{address}"',
        *matches_card,
        'ENV{DRIVER}=="?*"',
        'ENV{DRIVER}!="*vfio*"',
        'ENV{DRIVER}!="pci-pf-stub"',
        # If boot_restore is installed, its own rule does more than this one.
        f'TEST!="/{RESTORE_UNIT}"',
        # Prevents that udev creates VFs during a run.
        _unless_changing(address),
        f'ATTR{{sriov_numvfs}}="{count}"',
    ]
    return ownership.header("sriov_pf_mode") + ", ".join(matches)


def card_matches(vendor_id: str | None, product_id: str | None, identity: Mapping[str, str]) -> list[str]:
    """Return conditions of a rule for the function at its address, so that another card does not get VFs."""
    subsystem_vendor, _colon, subsystem = identity.get(SUBSYSTEM, "").partition(":")
    found = {"vendor": vendor_id, "device": product_id}
    found.update(subsystem_vendor=subsystem_vendor, subsystem_device=subsystem)
    matches = [f'ATTR{{{name}}}=="0x{value}"' for name, value in found.items() if value]
    serial = identity.get("serial_number", "")
    return [*matches, f'ATTR{{serial_number}}=="{serial}"'] if SERIAL_NUMBER.match(serial) else matches


def waits(rule_of_card: str, address: str) -> bool:
    """Return whether a rule does nothing while a run changes its card; rules of version 1.0.0 do not wait."""
    return _unless_changing(address) in rule_of_card


def _unless_changing(address: str) -> str:
    return f'TEST!="/{RUN_DIRECTORY}/{CHANGING}/{address}{RECORD_SUFFIX}"'


def save_rule(host: HostRoot, address: str, text: str | None) -> None:
    """Replace a rule; None removes it. udev detects the change itself."""
    if text is None:
        host.remove_file(rule_path(address))
    else:
        host.replace_file(rule_path(address), text + "\n")


def remove_leftovers(host: HostRoot) -> None:
    """Remove temporary files of a killed run."""
    ephemeral = [f"{RUN_DIRECTORY}/{kind}" for kind in (MODE_RECORDS, AUTOPROBE_OFF, CHANGING)]
    for directory in (f"{DIRECTORY}/{MODE_RECORDS}", *ephemeral, RULES):
        host.remove_unfinished(directory)


def record(entry: CardWanted, card: Card) -> Record:
    """Return the record of an entry, which contains its options and the PCI address of the card."""
    kept = {**entry.requested, "pf": card.address}
    native = remembered(card) if entry.mode == "pf" else {}
    identity = kept_identity((card.kept.record or {}).get("identity"), card.identity)
    ids = card.ids
    own = {"model": model_of(ids and ids.vendor_id, ids and ids.product_id), "identity": identity}
    return {"function": kept, **own, "native": native}


def completed(host: HostRoot, address: str, kept: Mapping[str, Any] | None) -> Record | None:
    """Return a record with the current identity of the card, whose native driver may report more fields now."""
    if kept is None:
        return None
    now = Identities(host).of(pci.function(host, address))
    return {**kept, "identity": kept_identity(kept["identity"], now)}


def trusted(remembered: Any) -> Native:
    """Return the saved data of a card, ignoring fields that do not have the format of :func:`remembered`."""
    if not isinstance(remembered, dict):
        return Native()
    driver, netdevs, total = (remembered.get(name) for name in Native._fields)
    return Native(
        driver if isinstance(driver, str) and DRIVER.match(driver) else None,
        tuple(name for name in netdevs if isinstance(name, str)) if isinstance(netdevs, list) else None,
        total if isinstance(total, int) and total >= 0 else None,
    )


def remembered(card: Card) -> Record:
    """Return the data that identifies and restores the native driver: current if it is bound, or else saved."""
    return as_json(Native(card.binding.driver, card.netdevs, card.total_vfs) if card.is_native else card.kept.native)


def as_json(native: Native) -> Record:
    """Return the data as records contain it, without unknown fields."""
    found = {name: value for name, value in native._asdict().items() if value is not None}
    return {**found, "netdevs": list(native.netdevs)} if native.netdevs is not None else found


def files(steps: list[CardStep]) -> Iterator[tuple[str, str | None]]:
    """Yield the path of each file that steps write, with its content; None means removal."""
    for step in steps:
        if isinstance(step, KeepRule):
            yield rule_path(step.card), step.rule
        elif isinstance(step, KeepRecord):
            path = record_path(MODE_RECORDS, step.card)
            yield path, None if step.record is None else record_text(step.record)
        elif isinstance(step, Remember):
            path = record_path(step.kind, step.card, RUN_DIRECTORY)
            yield path, None if step.remembered is None else record_text(step.remembered)
