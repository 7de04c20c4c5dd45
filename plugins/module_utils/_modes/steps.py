# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the steps from the current to the desired state of a card, including restoration; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from .._devices import vf_settings
from .._devices.binding import CHOICE, describe_binding, has_driver, is_bound, native
from .._host.records import MODE_RECORDS
from .._model.host import Card, VfSettings, VirtualFunction
from .._model.steps import (
    BindCard,
    BindVfs,
    CardStep,
    KeepRecord,
    KeepRule,
    MakeVfs,
    OfferVfs,
    Remember,
    RemoveVfs,
    SetAutoprobe,
    SetSwitch,
    SetVfNetwork,
    SetVfShares,
)
from .._model.wanted import BindingWanted, CardTarget
from . import records
from .target import binding_of, lasting_autoprobe, native_driver

Step = TypeVar("Step")


def plan_steps(card: Card, target: CardTarget) -> list[CardStep]:
    """Return the steps in their order, none if the card has its target state."""
    return _Steps(card, target).all()


def find_step(steps: Iterable[CardStep], kind: type[Step]) -> Step | None:
    """Return the last step of a kind, because it determines the final state."""
    return next((step for step in reversed([*steps]) if isinstance(step, kind)), None)


def _counted(number: int) -> str:
    return f"{number} virtual function{'s' if number > 1 else ''}"


def functions(indices: Collection[int]) -> str:
    """Return the name of virtual functions in messages: ``virtual function 1``, ``virtual functions 0, 1``."""
    return f"virtual function{'s' if len(indices) > 1 else ''} {', '.join(map(str, indices))}"


def _with_names(settings: Mapping[int, VfSettings]) -> str:
    """Return virtual functions with the names of their settings: ``0 (mac vlan), 1 (trust)``."""
    return ", ".join(f"{index} ({' '.join(one.names)})" for index, one in settings.items())


def _by_matching(wanted: BindingWanted) -> bool:
    """Return whether a function gets its driver only by the kernel's matching, which ignores VFs without autoprobe."""
    return wanted.override is None and wanted.driver is not None


class _Steps:
    """The decisions for one card, and the steps that follow from them."""

    def __init__(self, card: Card, target: CardTarget) -> None:
        self.card = card
        self.target = target
        # Numbers of VFs: now, and after the steps.
        self.present = card.num_vfs
        self.rebinds = not is_bound(card.binding, target.binding)
        self.moves = self.rebinds and not has_driver(card.binding.driver, target.binding)
        self.switches = target.eswitch not in (None, card.eswitch)
        kept = 0 if self.moves else self.present
        self.count = kept if target.num_vfs is None else target.num_vfs
        # The VF count changes only via 0, and VFs disappear when their card loses its driver.
        self.removes = self.present > 0 and (self.moves or self.switches or self.present != self.count)
        self.creates = self.count > 0 and (self.removes or self.present != self.count)
        self.autoprobe = lasting_autoprobe(card) if target.autoprobe is None else target.autoprobe
        self.unprobed = self._is_unprobed()
        self.steps: list[CardStep] = []

    def all(self) -> list[CardStep]:
        card, target = self.card, self.target
        address, rule = card.address, card.kept.rule
        if rule is not None and rule != target.rule:
            if not records.waits(rule, address):
                self.steps.append(KeepRule(address, f"removed the udev rule of {address}", None))
            elif not card.kept.changing:
                # Keep the rule until the new record is written: without both, a boot would not restore the card.
                self.steps.append(Remember(address, "", records.CHANGING, {"rule": "waits"}))
        first = native(native_driver(card))
        needs_driver = self.removes and (card.binding.driver is None or (card.needs_program and not card.is_native))
        if needs_driver:
            # Only a driver can remove them.
            self.steps.append(BindCard(address, f"bound {address} to its native driver", first))
        self._remember()
        if self.removes:
            self.steps.append(RemoveVfs(address, f"removed {_counted(self.present)}", card.needs_program))
        # After a program of the driver, the card may be without a driver again.
        if self.rebinds and (card.needs_program or not (needs_driver and first == target.binding)):
            self._bind()
        if self.switches:
            mode = str(target.eswitch)
            self.steps.append(SetSwitch(address, f"set the switch to {mode}", mode))
        if self.unprobed:
            self._switch_autoprobe_off()
        else:
            self._set_autoprobe()
        self._share()
        if self.creates:
            text = f"made {_counted(self.count)}"
            self.steps.append(MakeVfs(address, text, self.count, target.is_max, card.needs_program))
        self._configure()
        self._keep()
        return self.steps

    def _is_unprobed(self) -> bool:
        """Return whether new VFs are created without a driver, because they need settings or a driver of their own."""
        if not self.creates or not self.autoprobe or self.card.needs_program:
            return False
        wanted = [binding_of(self.target, index) for index in range(self.count)]
        settings = [one.settings for index, one in self.target.vfs.items() if index < self.count]
        return any(one.of_network.names for one in settings) or any(one and not _by_matching(one) for one in wanted)

    def _switch_autoprobe_off(self) -> None:
        """Disable autoprobe, and note this first, so that a later run continues after a killed one."""
        address = self.card.address
        if not self.card.kept.autoprobe_off:
            self.steps.append(Remember(address, "", records.AUTOPROBE_OFF, {"sriov_drivers_autoprobe": "1"}))
        if self.card.autoprobe:
            self.steps.append(SetAutoprobe(address, "", False))

    def _set_autoprobe(self) -> None:
        changes = self.autoprobe != self.card.autoprobe
        if changes or self.unprobed:
            text = f"set sriov_drivers_autoprobe to {int(bool(self.autoprobe))}" if changes else ""
            self.steps.append(SetAutoprobe(self.card.address, text, bool(self.autoprobe)))

    def _remember(self) -> None:
        through_program = self.card.needs_program and (self.removes or self.creates) and self.card.is_native
        self.remembers = self.target.remembered or (records.remembered(self.card) if through_program else None)
        if self.remembers and self.remembers != self.card.kept.remembered:
            text = "stored the native driver until the next boot"
            self.steps.append(Remember(self.card.address, text, MODE_RECORDS, self.remembers))

    def _bind(self) -> None:
        address, binding = self.card.address, self.target.binding
        text = f"bound {address} to {describe_binding(binding)}"
        if not self.moves:
            text = f"set driver_override of {address} to {binding.override or 'nothing'}"
        self.steps.append(BindCard(address, text, binding))

    def _configure(self) -> None:
        """Apply network settings, then drivers: a VF in use no longer accepts settings."""
        wanted_ones = {index: one.settings.of_network for index, one in self.target.vfs.items()}
        settings = {index: one for index, one in wanted_ones.items() if one.names}
        known = {} if self.creates or self.card.settings is None else self.card.settings
        exist = self.count if self.creates else self.present
        changed = {
            index: wanted
            for index, wanted in settings.items()
            if index < exist and vf_settings.differences(known.get(index, VfSettings()), wanted).names
        }
        if changed:
            text = f"set up virtual functions {_with_names(changed)}"
            self.steps.append(SetVfNetwork(self.card.address, text, changed))
        self._bind_virtual_functions()

    def _share(self) -> None:
        """Set the GPU shares of VFs before the VFs are created, when no share is in use."""
        known = {} if self.removes else self.card.settings or {}
        changed = {}
        for index, one in self.target.vfs.items():
            before = known.get(index, VfSettings())
            changes = vf_settings.differences(before, one.settings.of_gpu)
            if changes.names and index < max(self.count, self.present):
                changed[index] = changes
        if changed:
            text = f"set the shares of virtual functions {_with_names(changed)}"
            self.steps.append(SetVfShares(self.card.address, text, changed))

    def _bind_virtual_functions(self) -> None:
        address = self.card.address
        bindings: dict[int, BindingWanted] = {}
        silent: dict[int, BindingWanted] = {}
        offered: dict[int, BindingWanted] = {}
        for index in range(self.count) if self.creates else ():
            wanted = binding_of(self.target, index)
            if self.unprobed and (wanted is None or _by_matching(wanted)):
                offered[index] = wanted or native(optional=True)
            # The kernel selects other drivers itself when the VFs appear.
            elif wanted and wanted.driver != CHOICE:
                bindings[index] = wanted
        for virtual in () if self.creates or self.removes else self.card.virtual_functions:
            wanted = binding_of(self.target, virtual.number)
            if wanted and not is_bound(virtual.binding, wanted):
                bindings[virtual.number] = wanted
            elif virtual.binding.driver is None and self.autoprobe and self._is_to_be_offered(virtual, wanted):
                silent[virtual.number] = native(optional=True)
        if bindings or silent:
            by_driver: dict[str, list[int]] = {}
            for index, wanted in bindings.items():
                by_driver.setdefault(describe_binding(wanted), []).append(index)
            texts = [f"bound {functions(which)} to {name}" for name, which in by_driver.items()]
            self.steps.append(BindVfs(address, "; ".join(texts), {**bindings, **silent}, tuple(bindings)))
        if self.unprobed:
            self._set_autoprobe()
        if offered:
            text = f"let the kernel choose a driver for {functions(offered)}"
            self.steps.append(OfferVfs(address, text, offered))

    def _is_to_be_offered(self, virtual: VirtualFunction, wanted: BindingWanted | None) -> bool:
        """Return whether the kernel may select a driver for an unbound VF, or a killed run did not get that far."""
        if wanted is None:
            return self.card.kept.autoprobe_off and virtual.binding.override is None
        return wanted.is_optional

    def _keep(self) -> None:
        address, kept, target = self.card.address, self.card.kept, self.target
        lasting = kept.remembered if self.remembers is None else self.remembers
        if kept.autoprobe_off or self.unprobed:
            self.steps.append(Remember(address, "", records.AUTOPROBE_OFF, None))
        if lasting is not None and target.remembered is None:
            text = "removed the stored driver name"
            self.steps.append(Remember(address, text, MODE_RECORDS, None))
        if kept.record != target.record:
            text = "recorded the mode" if target.record is not None else "removed the record of the mode"
            self.steps.append(KeepRecord(address, text, target.record))
        if kept.rule != target.rule:
            if target.rule is not None:
                self.steps.append(KeepRule(address, f"wrote a udev rule for {address}", target.rule))
            elif records.waits(kept.rule or "", address):
                self.steps.append(KeepRule(address, f"removed the udev rule of {address}", None))
        for old in target.moved_from:
            self.steps.append(KeepRecord(old, f"removed the record of {old}, where the card was", None))
            self.steps.append(KeepRule(old, "", None))
        changing = any(isinstance(step, Remember) and step.kind == records.CHANGING for step in self.steps)
        if kept.changing or changing:
            self.steps.append(Remember(address, "", records.CHANGING, None))
