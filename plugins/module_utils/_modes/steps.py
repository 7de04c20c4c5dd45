# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""From a card as it is and as it shall be to the steps that lead there, the way back included; no I/O.

A target is a dictionary: ``whole`` (mode pf), ``binding`` (see :mod:`._binding`), ``num_vfs`` (None: whatever there
is), ``max`` (as many as the driver can make), ``autoprobe``, ``eswitch`` (None: as it is), ``vf_binding`` (of the VFs
that ``vfs`` does not name), ``vfs`` (by index ``binding`` and ``settings``), ``record``, ``rule`` and ``memory``.
"""

from __future__ import annotations

from typing import Any

from .._devices import vf_settings
from .._devices.binding import (
    CHOICE,
    Wanted,
    binding_of_option,
    describe_binding,
    exactly,
    has_driver,
    is_bound,
    native,
)
from .._frameworks import nvidia_sriov
from . import records
from .wanted import MAX, NATIVE

Target = dict[str, Any]
Step = dict[str, Any]


def wanted_target(entry: dict[str, Any], card: dict[str, Any], drivers: list[str], persist: bool | None) -> Target:
    """What an entry of the option ``functions`` means for its card; with ``persist`` None the files of it stay."""
    whole = entry["mode"] == "pf"
    count = 0 if whole else most_vfs(card) if entry["num_vfs"] == MAX else entry["num_vfs"]
    binding = _native(card, drivers)
    if whole and entry["driver"] != NATIVE:
        binding = binding_of_option(str(entry["driver"]))
    given_away = whole and entry["driver"] != NATIVE
    memory: dict[str, Any] | None = None
    if given_away:
        memory = records.remembered(card) if card["native"] else card["memory"]
        if persist is None:
            # Early at boot an interface may not have its name yet.
            memory = card["known"] or memory
    rule = card["rule"] if persist is None else None
    if persist and not whole and count and not card["gpu"]:
        matches = records.card_matches(card["vendor_id"], card["product_id"], card["identity"])
        rule = records.rule(card["address"], count, matches)
    return {
        "whole": whole,
        "binding": binding,
        "num_vfs": count,
        "max": entry["num_vfs"] == MAX,
        "autoprobe": entry["drivers_autoprobe"],
        "eswitch": entry["eswitch"],
        "vf_binding": binding_of_option(entry["vf_driver"]) if entry["vf_driver"] else None,
        "vfs": {
            index: {
                "binding": binding_of_option(virtual["driver"]) if virtual["driver"] else None,
                "settings": virtual["settings"],
            }
            for index, virtual in entry["vfs"].items()
        },
        "record": card["record"] if persist is None else records.record(entry, card) if persist else None,
        "rule": rule,
        "memory": memory,
        "moved_from": card["moved_from"] if persist else [],
    }


def most_vfs(card: dict[str, Any]) -> int:
    """How many VFs a card can make; its native driver may know a smaller number than the card by itself."""
    most: int | None = card["total_vfs"] if card["native"] else card["known"].get("total_vfs", card["total_vfs"])
    return most or 0


def present_target(card: dict[str, Any]) -> Target:
    """The very state that a card was observed in."""
    return {
        "whole": False,
        "binding": exactly(card["driver_override"], card["driver"]),
        "num_vfs": card["num_vfs"],
        "max": False,
        "autoprobe": lasting_autoprobe(card),
        "eswitch": card["eswitch"],
        "vf_binding": None,
        "vfs": {
            virtual["index"]: {
                "binding": exactly(virtual["override"], virtual["driver"]),
                "settings": _restorable((card["settings"] or {}).get(virtual["index"], {})),
            }
            for virtual in card["virtual_functions"]
        },
        "record": card["record"],
        "rule": card["rule"],
        "memory": card["memory"],
        "moved_from": [],
    }


def _restorable(settings: dict[str, Any]) -> dict[str, Any]:
    """Without an address that nobody has set: no driver takes zeros."""
    return {name: value for name, value in settings.items() if name != "mac" or value.strip("0:")}


def _native(card: dict[str, Any], drivers: list[str]) -> Wanted:
    """The driver that a card shall have as a card: the one it has, the recorded one, or what the kernel finds."""
    if card["native"]:
        binding = native(card["driver"])
        # Somebody may want just this driver; but an override to another one would fight with it.
        return {**binding, "override": card["driver_override"] if card["driver_override"] == card["driver"] else None}
    known = card["known"].get("driver") or (nvidia_sriov.DRIVER if card["gpu"] else None)
    return native(known if known in drivers else None)


def binding_of(target: Target, index: int) -> Wanted | None:
    """How a VF shall be bound; None if that is not said."""
    wanted: Wanted | None = target["vfs"].get(index, {}).get("binding") or target["vf_binding"]
    return wanted


def lasting_autoprobe(card: dict[str, Any]) -> bool | None:
    """``sriov_drivers_autoprobe`` as it is when no run is at work on the card, or None if it has none."""
    return True if card["autoprobe_off"] else card["drivers_autoprobe"]


def _by_matching(wanted: Wanted) -> bool:
    """Whether a function comes to its driver by the kernel's matching only, which passes by VFs without autoprobe."""
    return wanted["override"] is None and wanted["driver"] is not None


def plan_steps(card: dict[str, Any], target: Target) -> list[Step]:
    """The steps in their order, each with ``action``, ``pf`` and ``text``; none if all is as it shall be."""
    return _Steps(card, target).all()


class _Steps:
    def __init__(self, card: dict[str, Any], target: Target) -> None:
        self.card = card
        self.target = target
        self.present = len(card["virtual_functions"])
        binding = target["binding"]
        self.rebinds = not is_bound(card["driver_override"], card["driver"], binding)
        self.moves = self.rebinds and not has_driver(card["driver"], binding)
        self.switches = target["eswitch"] not in (None, card["eswitch"])
        kept = 0 if self.moves else self.present
        self.count = kept if target["num_vfs"] is None else target["num_vfs"]
        # A number of VFs changes through 0, and they go with the driver.
        self.removes = self.present > 0 and (self.moves or self.switches or self.present != self.count)
        self.creates = self.count > 0 and (self.removes or self.present != self.count)
        self.autoprobe = lasting_autoprobe(card) if target["autoprobe"] is None else target["autoprobe"]
        self.unprobed = self._is_unprobed()
        self.found: list[Step] = []

    def all(self) -> list[Step]:
        card, target = self.card, self.target
        stale = card["rule"] is not None and card["rule"] != target["rule"]
        if stale and not records.waits(card["rule"], card["address"]):
            self._add("rule", f"removed the udev rule of {card['address']}", text_of_rule=None)
        elif stale and not card["changing"]:
            # The rule itself stays until the record is the new one: without either a boot would bring nothing back.
            self._add("memory", "", kind=records.CHANGING, memory={"rule": "waits"})
        if self.removes and (card["driver"] is None or (card["gpu"] and not card["native"])):
            # Only a driver can remove them.
            driver = card["known"].get("driver") or (nvidia_sriov.DRIVER if card["gpu"] else None)
            self._add("bind", f"bound {card['address']} to its native driver", binding=native(driver))
        self._remember()
        if self.removes:
            self._add("remove", f"removed {self.present} virtual functions", tool=card["gpu"])
        if self.rebinds:
            self._bind()
        if self.switches:
            self._add("eswitch", f"set the switch to {target['eswitch']}", mode=target["eswitch"])
        if self.unprobed:
            self._switch_autoprobe_off()
        else:
            self._set_autoprobe()
        if self.creates:
            text = f"made {self.count} virtual functions"
            self._add("create", text, count=self.count, max=target["max"], tool=card["gpu"])
        self._configure()
        self._keep()
        return self.found

    def _add(self, action: str, text: str, **details: Any) -> None:
        self.found.append({"action": action, "pf": self.card["address"], "text": text, **details})

    def _is_unprobed(self) -> bool:
        """Whether new VFs are made without a driver: another than the kernel's choice is wanted, or settings are."""
        if not self.creates or not self.autoprobe or self.card["gpu"]:
            return False
        wanted = [binding_of(self.target, index) for index in range(self.count)]
        settings = [one["settings"] for index, one in self.target["vfs"].items() if index < self.count]
        return any(settings) or any(one and not _by_matching(one) for one in wanted)

    def _switch_autoprobe_off(self) -> None:
        """A run that ends before it is switched on again is continued by the next one."""
        if not self.card["autoprobe_off"]:
            self._add("memory", "", kind=records.AUTOPROBE_OFF, memory={"sriov_drivers_autoprobe": "1"})
        if self.card["drivers_autoprobe"]:
            self._add("autoprobe", "", value="0")

    def _set_autoprobe(self) -> None:
        changes = self.autoprobe != self.card["drivers_autoprobe"]
        if changes or self.unprobed:
            value = "1" if self.autoprobe else "0"
            text = f"set sriov_drivers_autoprobe to {value}" if changes else ""
            self._add("autoprobe", text, value=value)

    def _remember(self) -> None:
        memory = self.target["memory"]
        through_tool = self.card["gpu"] and (self.removes or self.creates) and self.card["native"]
        self.remembers = memory or (records.remembered(self.card) if through_tool else None)
        if self.remembers and self.remembers != self.card["memory"]:
            text = "remembered the native driver until the next boot"
            self._add("memory", text, kind=records.MODE_RECORDS, memory=self.remembers)

    def _bind(self) -> None:
        binding = self.target["binding"]
        text = f"bound {self.card['address']} to {describe_binding(binding)}"
        if not self.moves:
            text = f"set driver_override of {self.card['address']} to {binding['override'] or 'nothing'}"
        self._add("bind", text, binding=binding)

    def _configure(self) -> None:
        """Settings first: a VF that is in use elsewhere no longer takes them."""
        settings = {index: one["settings"] for index, one in self.target["vfs"].items() if one["settings"]}
        known = {} if self.creates or self.card["settings"] is None else self.card["settings"]
        exist = self.count if self.creates else self.present
        changed = [
            index
            for index, wanted in settings.items()
            if index < exist and vf_settings.differences(known.get(index, {}), wanted)
        ]
        if changed:
            names = ", ".join(f"{index} ({' '.join(settings[index])})" for index in changed)
            text = f"set up virtual functions {names}"
            self._add("settings", text, settings={index: settings[index] for index in changed})
        self._bind_virtual_functions()

    def _bind_virtual_functions(self) -> None:
        bindings: dict[int, Wanted] = {}
        silent: dict[int, Wanted] = {}
        offered: dict[int, Wanted] = {}
        for index in range(self.count) if self.creates else ():
            wanted = binding_of(self.target, index)
            if self.unprobed and (wanted is None or _by_matching(wanted)):
                offered[index] = wanted or native(optional=True)
            # Otherwise the kernel has made its choice when they are there.
            elif wanted and wanted["driver"] != CHOICE:
                bindings[index] = wanted
        for virtual in [] if self.creates or self.removes else self.card["virtual_functions"]:
            wanted = binding_of(self.target, virtual["index"])
            if wanted and not is_bound(virtual["override"], virtual["driver"], wanted):
                bindings[virtual["index"]] = wanted
            elif virtual["driver"] is None and self.autoprobe and self._is_to_be_offered(virtual, wanted):
                silent[virtual["index"]] = native(optional=True)
        if bindings or silent:
            by_driver: dict[str, list[str]] = {}
            for index, wanted in bindings.items():
                by_driver.setdefault(describe_binding(wanted), []).append(str(index))
            texts = [f"bound virtual functions {', '.join(which)} to {name}" for name, which in by_driver.items()]
            self._add("bind_vfs", "; ".join(texts), bindings={**bindings, **silent}, certain=list(bindings))
        if self.unprobed:
            self._set_autoprobe()
        if offered:
            text = f"let the kernel choose a driver for virtual functions {', '.join(map(str, offered))}"
            self._add("offer_vfs", text, bindings=offered)

    def _is_to_be_offered(self, virtual: dict[str, Any], wanted: Wanted | None) -> bool:
        """Whether an unbound VF is the kernel's to choose for, or was made by a run that did not come so far."""
        if wanted is None:
            return bool(self.card["autoprobe_off"]) and virtual["override"] is None
        return bool(wanted["optional"])

    def _keep(self) -> None:
        card, target = self.card, self.target
        lasting = card["memory"] if self.remembers is None else self.remembers
        if card["autoprobe_off"] or self.unprobed:
            self._add("memory", "", kind=records.AUTOPROBE_OFF, memory=None)
        if lasting is not None and target["memory"] is None:
            text = "forgot the native driver, which is bound again"
            self._add("memory", text, kind=records.MODE_RECORDS, memory=None)
        if card["record"] != target["record"]:
            kept = target["record"] is not None
            text = "recorded the mode" if kept else "removed the record of the mode"
            self._add("record", text, record=target["record"])
        if card["rule"] != target["rule"]:
            text = f"wrote a udev rule for {card['address']}"
            if target["rule"] is None:
                text = f"removed the udev rule of {card['address']}"
            if target["rule"] is not None or records.waits(card["rule"], card["address"]):
                self._add("rule", text, text_of_rule=target["rule"])
        for old in target["moved_from"]:
            self._add("record", f"removed the record of {old}, where the card was", record=None, pf=old)
            self._add("rule", "", text_of_rule=None, pf=old)
        if card["changing"] or any(step.get("kind") == records.CHANGING for step in self.found):
            self._add("memory", "", kind=records.CHANGING, memory=None)
