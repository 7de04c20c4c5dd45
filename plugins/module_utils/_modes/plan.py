# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the steps for each card from the state of a host and the request, or report all errors; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from .._core.grouping import labelled
from .._core.problems import Refused
from .._devices import claimed_ids, driver_names, eswitch, vf_settings
from .._devices.binding import CHOICE, DEFAULT, NO_DRIVER
from .._frameworks import nvidia_sriov, vf_drivers
from .._model.host import Card
from .._model.steps import BindCard, CardStep, KeepRecord, KeepRule, MakeVfs, Remember, RemoveVfs
from .._model.uses import ALLOW_HOST_NETWORK
from .._model.wanted import CardTarget, CardWanted
from . import checks
from .state import Planned, State
from .steps import find_step, plan_steps
from .target import most_vfs, wanted_target
from .wanted import MAX, NATIVE

# Steps that only write files of this collection.
BOOKKEEPING = (KeepRecord, KeepRule, Remember)


def plan_functions(
    state: State,
    entries: list[CardWanted],
    accept_unseen: Collection[str] = (),
    allow_host_network: bool = False,
    skip_busy: bool = False,
    persist: bool | None = True,
) -> list[Planned]:
    """Return the plan for the card of each entry; raise :class:`Refused` on problems.

    ``accept_unseen`` are names of guards whose blind spots are acceptable. A busy card has no steps, and is a problem
    unless ``skip_busy``.
    """
    passed_through = frozenset(
        str(state.names[entry.pf]) for entry in entries if entry.pf and entry.mode == "pf" and entry.driver != NATIVE
    )
    lifted = (ALLOW_HOST_NETWORK,) if allow_host_network else ()
    rules = _Rules(accept_unseen, lifted, persist, passed_through, {})
    while True:
        planned = _plan_all(state, entries, rules, skip_busy)
        skipped = {one.card.address: one.busy for one in planned if one.busy}
        if skipped == rules.skipped:
            return planned
        # If a card is skipped, cards that share its IOMMU group cannot be passed through either.
        rules = rules._replace(skipped=skipped)


class _Rules(NamedTuple):
    """Rules for all cards of a call."""

    accept_unseen: Collection[str]
    lifted: tuple[str, ...]
    persist: bool | None
    passed_through: frozenset[str]  # addresses of cards
    skipped: Mapping[str, list[str]]  # reasons by card that is in use


def _plan_all(state: State, entries: list[CardWanted], rules: _Rules, skip_busy: bool) -> list[Planned]:
    problems: list[str] = []
    planned = []
    seen: dict[str, CardWanted] = {}
    for entry in entries:
        found = list(entry.problems)
        card = _card(state, entry, found)
        if card and seen.setdefault(card.address, entry) is not entry:
            found.append(
                f"{entry.name} is {card.address}, which is also in {seen[card.address].label}. List each card once"
            )
        if card:
            _check(state, entry, card, found)
        if card and not found:
            one = _plan_card(state, entry, card, rules, found)
            if one.busy and not skip_busy:
                found += one.busy
            planned.append(one)
        problems += [labelled(entry.label, sentence) for sentence in found]
    if problems:
        raise Refused(problems)
    return planned


def _plan_card(state: State, entry: CardWanted, card: Card, rules: _Rules, found: list[str]) -> Planned:
    target = checks.leaves_to_libvirt(card, wanted_target(entry, card, state.drivers, rules.persist), state.seen)
    steps = plan_steps(card, target)
    changes = [step for step in steps if not isinstance(step, BOOKKEEPING)]
    busy: list[str] = []
    unusable = checks.passthrough(card, target, rules.passed_through)
    if changes:
        if not entry.reconfigurable:
            texts = "; ".join(step.text for step in changes if step.text)
            found.append(
                "it is pinned (reconfigurable: false), but these changes would be required: "
                f"{texts or 'offered to drivers'}"
            )
        found += unusable
        found += checks.pending_removals(state)
        found += checks.unseen(card, steps, state.seen, rules.accept_unseen)
        busy = checks.uses(card, steps, target, state.seen, rules.lifted)
    found += _impossible(state, card, target, steps)
    busy = [*(f"the state of {card.address} is unknown: {reason}" for reason in card.unseen), *busy]
    if changes and not busy:
        held_back = checks.held_back(card, target, rules.passed_through, rules.skipped)
        busy = rules.skipped.get(card.address) or held_back
    return Planned(
        entry.place,
        entry.name,
        entry.mode,
        card,
        target,
        [] if busy else steps,
        busy,
        () if changes else tuple(unusable),
    )


def _impossible(state: State, card: Card, target: CardTarget, steps: list[CardStep]) -> list[str]:
    """Return why steps would fail, or do more than the entry says."""
    found: list[str] = []
    changes_number = find_step(steps, RemoveVfs) or find_step(steps, MakeVfs)
    loaded = vf_drivers.LOADED.get(card.binding.driver or "")
    if changes_number and loaded:
        found.append(loaded.refuse_number(card.num_vfs, target.num_vfs or 0))
    if card.kept.rule_refused and find_step(steps, KeepRule):
        found.append(card.kept.rule_refused)
    if card.needs_program and changes_number and not state.has_program:
        found.append(
            f"the virtual functions of this GPU require {nvidia_sriov.PROGRAM}, which is missing. Install the NVIDIA "
            "vGPU host driver"
        )
    bind = find_step(steps, BindCard)
    if bind and bind.binding.driver == CHOICE and card.claimed_by and card.ids:
        found.append(
            f"its native driver cannot get it, because {card.claimed_by} gives its ids to vfio-pci. "
            f"{claimed_ids.advice(card.claimed_by, card.ids.vendor_id, card.ids.product_id)}"
        )
    if target.num_vfs is None and changes_number:
        found.append(
            f"this removes its {card.num_vfs} virtual functions. Set num_vfs explicitly, or num_vfs: 0 to remove them"
        )
    return found


def _card(state: State, entry: CardWanted, found: list[str]) -> Card | None:
    if entry.pf is None:
        return None
    address = state.names[entry.pf]
    if address is None:
        found.append("there is no such network interface. Use the PCI address: a card with a guest has no interface")
    elif state.virtual.get(address):
        found.append(f"{address} is a virtual function of {state.virtual[address]}. Use the address of this card")
    elif address in state.virtual:
        found.append(f"{address} is a virtual function that is being removed")
    elif address not in state.cards and address in state.silent:
        found.append(state.silent[address])
    elif address not in state.cards:
        found.append("there is no such PCI function, or no PCI function below that interface")
    else:
        return state.cards[address]
    return None


def _check(state: State, entry: CardWanted, card: Card, found: list[str]) -> None:
    """Add the problems of an entry with its card to ``found``."""
    if card.is_bridge:
        found.append("it is a PCI bridge, whose devices would be lost. Select the card behind it")
    if entry.mode == "vf" and not card.sriov:
        found.append("it has no SR-IOV capability. Enable SR-IOV in the firmware if the card supports it")
    else:
        _check_number(entry, card, found)
    drivers = [entry.driver] if entry.mode == "pf" else []
    drivers += [entry.vf_driver, *(virtual.driver for virtual in entry.vfs.values())]
    for driver in dict.fromkeys(drivers):
        if driver and driver not in (NATIVE, DEFAULT, NO_DRIVER, *state.drivers):
            found.append(driver_names.missing(driver, state.drivers))
    has_settings = any(virtual.settings.of_network.names for virtual in entry.vfs.values())
    programs = (("vfs", has_settings, vf_settings.PROGRAM), ("eswitch", bool(entry.eswitch), eswitch.PROGRAM))
    found += [
        f"{option} requires the program {program}, which is not installed on the host. Install the package iproute2 "
        "(Red Hat: iproute)"
        for option, needed, program in programs
        if needed and not state.programs[program]
    ]
    if has_settings and card.is_native and not card.netdevs:
        found.append("vfs settings require a network card, and this card has no network interface")
    found += card.unreadable
    _check_shares(entry, card, found)


def _check_shares(entry: CardWanted, card: Card, found: list[str]) -> None:
    """Find requested GPU shares that the card or its kernel does not support."""
    known = card.settings or {}
    lacking = {
        name
        for index, virtual in entry.vfs.items()
        for name in virtual.settings.of_gpu.names
        if getattr(known.get(index), name, None) is None
    }
    if lacking and card.is_native:
        found.append(
            f"{', '.join(sorted(lacking))} of vfs requires an Intel GPU with {vf_drivers.requirement(lacking)}. "
            "Remove these settings, or install such a driver"
        )
    shares = vf_drivers.shares_of(card.binding.driver)
    if shares and not lacking:
        count = most_vfs(card) if entry.num_vfs == MAX else card.num_vfs if entry.num_vfs is None else entry.num_vfs
        wanted = {index: one.settings.of_gpu for index, one in entry.vfs.items() if one.settings.of_gpu.names}
        found += shares.check(wanted, known, int(count))


def _check_number(entry: CardWanted, card: Card, found: list[str]) -> None:
    if card.total_vfs is None:
        return
    count = entry.num_vfs
    most = most_vfs(card)
    if most == 0 and count not in (None, 0):
        found.append(
            "its maximum number of virtual functions is 0 now. Enable them in the firmware of the card, or with its "
            f"driver (Mellanox: `mlxconfig -d {card.address} set SRIOV_EN=1 NUM_OF_VFS=8`, i915 and xe: module option "
            "max_vfs), and reboot"
        )
    elif isinstance(count, int) and count > most:
        found.append(
            f"num_vfs {count} is more than the maximum of this card, {most}. Set num_vfs: max or a lower number"
        )
    elif card.needs_program and count not in (None, 0, MAX, most):
        found.append(f"this GPU supports all of its {most} virtual functions or none. Set num_vfs: max")
    if not isinstance(count, int) and entry.vfs:
        present = most if count == MAX else card.num_vfs
        wrong = [index for index in entry.vfs if index >= present]
        if wrong:
            found.append(f"vfs contains VF {wrong[-1]}, but the card has {present} virtual functions")
