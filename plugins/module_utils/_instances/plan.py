# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""From the devices that a host has and the ones that it shall have to the steps that lead there; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core.problems import Refused, holders
from .._frameworks import nvidia_vfio
from .._frameworks.definitions import checked_attributes
from .._model.host import Device
from .._model.wanted import DeviceWanted
from . import records
from .choice import Choice, Inventory
from .identities import with_identities
from .wanted import MAX


def plan_instances(
    state: dict[str, Any],
    wanted: Sequence[DeviceWanted],
    present: bool = True,
    exact: bool = False,
    spread: bool = True,
    skip_busy: bool = False,
    persist: bool | None = True,
) -> dict[str, Any]:
    """The steps for ``wanted`` (entries of :func:`parse_instances`), or :class:`Refused`.

    ``state`` has ``parents`` and ``devices`` of the facts, users included, ``hidden`` (why some users may be unknown),
    ``unreadable`` (by card why its state is unknown), ``definitions``, ``records``, ``identities``,
    ``recorded_identities`` and ``machine_id``. The result has ``steps`` (in order, each with its ``card``), ``kept``,
    ``busy`` (devices that had to stay) and ``missing`` (what could not be made because of them).
    """
    frozen: set[str] = set()
    while True:
        attempt = _Attempt(state, wanted, exact, spread, skip_busy, frozen)
        result = attempt.present() if present else attempt.absent()
        blocked = attempt.blocked_cards - frozen
        if not blocked:
            steps = records.with_persistence(state, result, persist)
            return {**result, "steps": with_identities(state, result, steps, persist)}
        # A card that can make one type at a time is changed whole or not at all.
        frozen |= blocked


class _Attempt:
    """One way through the plan; a card in ``frozen`` is left as it is."""

    def __init__(
        self,
        state: dict[str, Any],
        wanted: Sequence[DeviceWanted],
        exact: bool,
        spread: bool,
        skip_busy: bool,
        frozen: set[str],
    ) -> None:
        self.inventory = Inventory(state, {entry.uuid for entry in wanted if entry.uuid})
        self.choice = Choice(self.inventory, spread)
        self.wanted = wanted
        self.exact = exact
        self.skip_busy = skip_busy
        self.frozen = frozen
        self.hidden = state["hidden"]
        self.unreadable: dict[str, str] = state["unreadable"]
        self.problems: list[str] = []
        self.blocked_cards: set[str] = set()
        self.kept: list[dict[str, Any]] = []
        self.removals: list[tuple[Device, int | None]] = []
        self.creations: list[dict[str, Any]] = []
        self.busy: list[dict[str, Any]] = []
        self.missing: list[dict[str, Any]] = []
        self.claimed: set[tuple[str, str]] = set()
        # The types that each card will have for certain.
        self.present_types: set[tuple[str, str]] = set()

    def present(self) -> dict[str, Any]:
        entries = [entry for entry in map(self._with_candidates, self.wanted) if entry]
        self._refuse()
        # Those with less choice first, and what takes all the rest last.
        entries.sort(key=lambda entry: (not entry.uuid, not entry.parent, entry.amount == MAX, len(entry.types)))
        for entry in entries:
            self._claim_identity(entry)
        open_counts = [(entry, self._claim_existing(entry)) for entry in entries if not entry.uuid]
        if self.exact:
            self._remove_what_is_not_listed(entries)
        self._settle_removals()
        self._refuse()
        claimed, busy = {uuid for parent, uuid in self.claimed}, {device.uuid for device in self.busy}
        for entry in entries:
            if entry.uuid and entry.uuid in busy:
                self.missing.append({"item": entry.place, "types": list(entry.types), "count": 1})
            elif entry.uuid and entry.uuid not in claimed:
                self._create(entry, 1)
        for entry, count in open_counts:
            self._create(entry, count)
        self._refuse()
        made = {(instance["parent"], instance["uuid"] or instance["address"]) for instance in self.creations}
        self.removals = [one for one in self.removals if one[0].state != "defined" or one[0].key not in made]
        return self._result()

    def absent(self) -> dict[str, Any]:
        for asked in self.wanted if not self.skip_busy else ():
            self._refuse_unreadable(asked.label, self._unreadable_cards(asked.parent))
        for device in self.inventory.devices.values():
            entry = next((entry for entry in self.wanted if self._matches(entry, device)), None)
            if entry:
                self._remove(device, entry)
        self._settle_removals()
        self._refuse()
        return self._result()

    # What is wanted, and where

    def _unreadable_cards(self, name: str | None) -> list[str]:
        """The cards of unknown state that are meant by the name of a card or parent."""
        parents = self.inventory.parents_named(name) if name else []
        cards = dict.fromkeys(parent.card for parent in parents)
        return [card for card in cards if card in self.unreadable]

    def _refuse_unreadable(self, where: str, cards: list[str]) -> None:
        self.problems += [f"{where}: {card} cannot be seen as it is: {self.unreadable[card]}" for card in cards]

    def _with_candidates(self, entry: DeviceWanted) -> DeviceWanted | None:
        """The entry with the names of the ``parents`` that it may mean; None if it cannot be fulfilled."""
        where = entry.label
        inventory = self.inventory
        if entry.parent:
            parents = inventory.parents_named(entry.parent)
            if not parents:
                self.problems.append(f"{where}: {inventory.describe_unknown_parent(entry.parent)}")
                return None
            unreadable = self._unreadable_cards(entry.parent)
            if unreadable and self.skip_busy:
                count = entry.amount if isinstance(entry.amount, int) else 1
                self.missing.append({"item": entry.place, "types": list(entry.types), "count": count})
                return None
            if unreadable:
                self._refuse_unreadable(where, unreadable)
                return None
        else:
            parents = list(inventory.parents.values())
        if entry.numa_node is not None:
            parents = [parent for parent in parents if parent.numa_node == entry.numa_node]
            if not parents:
                self.problems.append(f"{where}: no such parent is on NUMA node {entry.numa_node}")
                return None
        names = [parent.name for parent in parents if inventory.type_ids(parent.name, entry.types)]
        if not names:
            self.problems.append(f"{where}: {inventory.describe_unknown_type(parents, entry.types)}")
            return None
        if any(inventory.parents[name].framework == nvidia_vfio.FRAMEWORK for name in names):
            unusable = [option for option in ("uuid", "attributes") if getattr(entry, option)]
            if unusable:
                self.problems.append(
                    f"{where}: {' and '.join(unusable)} cannot be set, because a vGPU of the vendor-specific VFIO "
                    f"framework is known by the address of its VF, such as parent {names[0]}"
                )
                return None
        return entry._replace(parents=tuple(names))

    def _claim_identity(self, entry: DeviceWanted) -> None:
        """Keep or replace the device that the entry means by its UUID, or by the VF that it names."""
        device = self.inventory.by_uuid.get(entry.uuid or "")
        if device is None:
            device = self.inventory.devices.get((entry.parent, entry.parent))
            if device and not self._satisfies(entry, device):
                self._remove(device, entry)
            return
        if device.state == "defined" and device.parent in entry.parents:
            return
        where = entry.label
        if device.state == "removing":
            self.problems.append(f"{where}: {entry.uuid} was removed, but {holders(device.users)} still has it open")
        elif device.parent not in entry.parents:
            state = "exists" if device.state == "active" else "is defined"
            self.problems.append(f"{where}: {entry.uuid} {state} on another parent, {device.parent}")
        elif self._satisfies(entry, device):
            self._keep(device, entry)
        else:
            self._remove(device, entry)

    def _claim_existing(self, entry: DeviceWanted) -> int | None:
        """Keep devices that will do, those in use first; return how many are still missing, None for all that fit."""
        matching = [
            device
            for device in self.inventory.devices.values()
            if device.state == "active"
            and device.key not in self.claimed
            and device.parent in entry.parents
            and self._satisfies(entry, device)
        ]
        matching.sort(key=lambda device: (not device.users, self.inventory.rank(device, entry.types)))
        if entry.amount != MAX:
            matching = matching[: int(entry.amount)]
        for device in matching:
            self._keep(device, entry)
        return None if entry.amount == MAX else int(entry.amount) - len(matching)

    def _satisfies(self, entry: DeviceWanted, device: Device) -> bool:
        if device.type_id not in self.inventory.type_ids(device.parent, entry.types):
            return False
        # What attributes a device without a definition was given cannot be told.
        if device.autostart is None or not entry.attributes:
            return True
        return device.attributes == entry.attributes

    def _matches(self, entry: DeviceWanted, device: Device) -> bool:
        """Whether state absent means this device."""
        parents = self.inventory.parents_named(entry.parent) if entry.parent else []
        if entry.parent and device.parent not in [entry.parent, *(parent.name for parent in parents)]:
            return False
        if entry.uuid and device.uuid != entry.uuid:
            return False
        if entry.types and not {device.type_id, device.type_name} & set(entry.types):
            return False
        parent = self.inventory.parents.get(device.parent)
        return entry.numa_node is None or bool(parent and parent.numa_node == entry.numa_node)

    # What has to go

    def _remove_what_is_not_listed(self, entries: Sequence[DeviceWanted]) -> None:
        named = [parent for entry in entries if entry.parent for parent in self.inventory.parents_named(entry.parent)]
        listed = {parent.name for parent in named}
        to_remove = {device.key for device, _place in self.removals}
        for key, device in self.inventory.devices.items():
            if device.parent in listed and key not in self.claimed | to_remove:
                self._remove(device, None)

    def _remove(self, device: Device, entry: DeviceWanted | None) -> None:
        if device.state == "removing" or device.state == "active" and self.inventory.card(device.parent) in self.frozen:
            self.busy.append(self._outcome(device, entry))
        else:
            self.removals.append((device, entry.place if entry else None))

    def _settle_removals(self) -> None:
        """Refuse or spare the devices in use, and give back what the others took."""
        for device, place in [*self.removals]:
            if device.state != "active":
                continue
            unreadable = self.unreadable.get(self.inventory.card(device.parent))
            if not device.users and not unreadable:
                continue
            if self.skip_busy:
                self.busy.append(self._outcome(device, None))
                self.removals.remove((device, place))
                continue
            name = f"{device.id} on {device.parent}"
            if unreadable and not any(user["pid"] or user["domain"] for user in device.users):
                self.problems.append(f"{name} would have to be removed, but may be in use: {unreadable}")
                continue
            self.problems.append(
                f"{device.id} on {device.parent} "
                f"would have to be removed, but is in use by {holders(device.users)}; "
                "end that use, or leave it out with on_busy: skip, in the roles vfio_on_busy: skip"
            )
        if self.hidden and any(device.state == "active" for device, _place in self.removals):
            self.problems += self.hidden
        to_remove = {device.key for device, _place in self.removals}
        for key, device in self.inventory.devices.items():
            if device.state == "active" and key not in to_remove:
                self.present_types.add((self.inventory.card(device.parent), str(device.type_id)))
        for device, _place in self.removals:
            if device.state == "active" and device.parent in self.inventory.parents:
                self.inventory.capacity(device.parent).give(device.parent, device.type_id)

    # What has to come

    def _create(self, entry: DeviceWanted, count: int | None) -> None:
        """Plan ``count`` more devices of an entry, or with None all that fit."""
        made = 0
        while count is None or made < count:
            chosen = self.choice.next(entry, self.frozen | set(self.unreadable))
            if chosen is None:
                break
            self.creations.append(self._new_instance(entry, *chosen, best_effort=count is None))
            made += 1
            if self.problems:
                return
        # All that fits may be nothing only where other entries have taken it.
        nothing = count is None and not any(one["parent"] in entry.parents for one in [*self.kept, *self.creations])
        if nothing or count is not None and made < count:
            self._lacking(entry, count or 1, made)

    def _new_instance(self, entry: DeviceWanted, parent: str, type_id: str, best_effort: bool) -> dict[str, Any]:
        vendor = self.inventory.parents[parent].framework == nvidia_vfio.FRAMEWORK
        # A driver that refuses the very first of a type is not full.
        kind = (self.inventory.card(parent), type_id)
        best_effort = best_effort and kind in self.present_types
        self.present_types.add(kind)
        uuid = None if vendor else entry.uuid or self.inventory.new_uuid(parent, type_id)
        if not vendor and not uuid:
            self.problems.append(
                f"{entry.label}: without a machine id in etc/machine-id no UUID can be derived; give each "
                "device a uuid, or run systemd-machine-id-setup"
            )
        return {
            "item": entry.place,
            "uuid": uuid,
            "address": parent if vendor else None,
            "parent": parent,
            "type": type_id,
            "type_name": self.inventory.type_name(parent, type_id),
            "attributes": entry.attributes,
            "autostart": entry.autostart is not False,
            "best_effort": best_effort,
        }

    def _lacking(self, entry: DeviceWanted, count: int, made: int) -> None:
        cards = {self.inventory.card(name) for name in entry.parents}
        unreadable = cards & set(self.unreadable)
        stuck = {self.inventory.card(device.parent) for device in self.busy} & cards
        if (stuck or unreadable) and self.skip_busy:
            self.blocked_cards |= {card for card in stuck if self.inventory.capacities[card].exclusive}
            self.missing.append({"item": entry.place, "types": list(entry.types), "count": count - made})
        else:
            sentence = self.choice.describe_lack(entry, count, made, self.exact)
            sentence += "".join(f"; {card} is left out: {self.unreadable[card]}" for card in sorted(unreadable))
            self.problems.append(f"{entry.label}: {sentence}")

    # The result

    def _keep(self, device: Device, entry: DeviceWanted) -> None:
        self.claimed.add(device.key)
        try:
            pairs = entry.attributes or checked_attributes(device)
        except ValueError as error:
            self.problems.append(f"{entry.label}: {error}")
            return
        self.kept.append(
            {
                **self._outcome(device, entry),
                "card": self.inventory.card(device.parent),
                "attributes": pairs,
                "autostart": (device.autostart if entry.autostart is None else entry.autostart) is not False,
            }
        )

    def _refuse(self) -> None:
        if self.problems:
            raise Refused(self.problems)

    @staticmethod
    def _outcome(device: Device, entry: DeviceWanted | None) -> dict[str, Any]:
        return {**_described(device), "item": entry.place if entry else None, "users": list(device.users)}

    def _result(self) -> dict[str, Any]:
        card = self.inventory.card
        steps = [
            {
                "action": "remove",
                "card": card(device.parent),
                **_described(device),
                "state": device.state,
                "item": place,
            }
            for device, place in self.removals
        ]
        steps += [{"action": "create", "card": card(made["parent"]), **made} for made in self.creations]
        return {"steps": steps, "kept": self.kept, "busy": self.busy, "missing": self.missing}


def _described(device: Device) -> dict[str, Any]:
    """A device in steps and results."""
    return {
        "uuid": device.uuid,
        "address": device.address,
        "parent": device.parent,
        "type": device.type_id,
        "type_name": device.type_name,
    }
