# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the result of sriov_pf_mode: each card before and after, the finished steps, and the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.patterns import lazy_pattern
from .._devices.binding import CHOICE, has_driver
from .._devices.sriov import is_vfio_driver
from .._host.records import shown_record
from .._model.host import Binding, Card, Kept, Sriov
from .._model.steps import BindCard, BindVfs, CardStep, MakeVfs, RemoveVfs, SetAutoprobe
from .._model.wanted import BindingWanted, CardTarget
from .apply import Outcome
from .state import Planned
from .steps import find_step, functions, plan_steps
from .target import binding_of

ROUTING_ID = lazy_pattern(r"([0-9a-f]+):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\Z")


# Values in the form of results and differences.
Shown = dict[str, Any]


def report(planned: list[Planned], outcomes: Mapping[str, Outcome] | None, after: Mapping[str, Card] | None) -> Shown:
    """Return the result of the module; in check mode, ``outcomes`` and ``after`` are None."""
    functions = []
    diff: dict[str, Shown] = {"before": {}, "after": {}}
    for one in planned:
        card, target, steps = one.card, one.target, one.steps
        outcome = (outcomes or {}).get(card.address)
        done = [] if one.busy else steps if outcome is None else outcome.done
        found = (after or {}).get(card.address)
        then = _card(found) if found else _prediction(card, target) if steps and after is None else _card(card)
        texts = [step.text for step in done if step.text]
        if found and any(isinstance(step, BindVfs) and not step.text for step in done):
            texts += _bound_by_kernel(card, found)
        functions.append(
            {
                "pf": card.address,
                "item": one.place,
                "action": _action(one, outcome, texts),
                "before": _card(card),
                "after": then,
                "done": texts,
                "busy": one.busy,
                "error": outcome.error if outcome else None,
                "seconds": round(outcome.seconds, 3) if outcome and steps else None,
            }
        )
        kept = found.kept if found else card.kept._replace(record=target.record, rule=target.rule)
        shown = _view(card, target), _view(found, target) if found else _predicted_view(card, target, steps)
        if shown[0] == shown[1] and (found or steps):
            shown = _with_files(shown[0], card.kept, kept), _with_files(shown[1], kept, card.kept)
        diff["before"][card.address], diff["after"][card.address] = shown
    return {
        "changed": any(function["done"] for function in functions),
        "functions": functions,
        "failures": [function["error"] for function in functions if function["error"]],
        "diff": diff,
        **_progress(planned, outcomes or {}),
    }


def _progress(planned: list[Planned], outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, int]]:
    """Return how many cards are done and left, if some are left."""
    changing = [outcomes[one.card.address] for one in planned if one.steps and outcomes]
    left = sum(outcome.left for outcome in changing)
    return {"progress": {"done": len(changing) - left, "left": left}} if left else {}


def _bound_by_kernel(before: Card, after: Card) -> list[str]:
    """Describe the drivers that the kernel has selected for offered VFs, which are unknown before."""
    drivers = {one.number: one.binding.driver for one in before.virtual_functions}
    bound: dict[str, list[int]] = {}
    for one in after.virtual_functions:
        if one.binding.driver and drivers.get(one.number) is None:
            bound.setdefault(one.binding.driver, []).append(one.number)
    return [f"bound {functions(indices)} to {driver}" for driver, indices in bound.items()]


def _action(one: Planned, outcome: Outcome | None, texts: list[str]) -> str:
    if one.busy:
        return "busy"
    if outcome and outcome.error:
        return "pending" if outcome.pending else "restored" if outcome.restored else "failed"
    if outcome and one.steps and not outcome.done:
        return "skipped"
    return "changed" if texts else "unchanged"


def _card(card: Card) -> Shown:
    return {
        "mode": card.mode,
        "driver": card.binding.driver,
        "driver_override": card.binding.override,
        "num_vfs": card.num_vfs,
        "drivers_autoprobe": card.autoprobe,
        "netdevs": list(card.netdevs),
        "virtual_functions": [
            {
                "index": one.number,
                "address": one.address,
                "driver": one.binding.driver,
                "iommu_group": one.iommu_group,
                "netdev": one.netdev,
            }
            for one in card.virtual_functions
        ],
    }


def _prediction(card: Card, target: CardTarget) -> Shown:
    """Return the predicted state of a card; None stands for choices of the kernel."""
    steps = plan_steps(card, target)
    shown = _card(card)
    if find_step(steps, BindCard):
        binding, driver = target.binding, card.binding.driver
        chosen = None if binding.driver == CHOICE else binding.driver
        shown["driver"] = driver if has_driver(driver, binding) else chosen
        shown["driver_override"] = binding.override
        if shown["driver"] != driver:
            shown["netdevs"] = [] if is_vfio_driver(shown["driver"]) else list(card.kept.native.netdevs or ())
    autoprobe, makes, binds = find_step(steps, SetAutoprobe), find_step(steps, MakeVfs), find_step(steps, BindVfs)
    if autoprobe:
        shown["drivers_autoprobe"] = autoprobe.is_on
    if find_step(steps, RemoveVfs):
        shown["virtual_functions"] = []
    if makes:
        shown["virtual_functions"] = [_new_virtual_function(card, target, index) for index in range(makes.num_vfs)]
    elif binds:
        for one in shown["virtual_functions"]:
            if one["index"] in binds.certain:
                wanted = binds.bindings[one["index"]].driver
                one["driver"] = None if wanted == CHOICE else wanted
                one["netdev"] = None
    shown["num_vfs"] = len(shown["virtual_functions"])
    shown["mode"] = "pf" if is_vfio_driver(shown["driver"]) else "vf" if shown["num_vfs"] else "host"
    return shown


def _new_virtual_function(card: Card, target: CardTarget, index: int) -> Shown:
    wanted = binding_of(target, index)
    driver = None if wanted is None or wanted.driver == CHOICE else wanted.driver
    # The addresses of existing VFs are known; the others follow from the SR-IOV capability.
    known = {one.number: one.address for one in card.virtual_functions}
    sriov = card.sriov or Sriov()
    address = known.get(index) or _moved(card.address, sriov.offset, sriov.stride, index)
    return {"index": index, "address": address, "driver": driver, "iommu_group": None, "netdev": None}


def _moved(address: str, offset: int | None, stride: int | None, index: int) -> str | None:
    match = ROUTING_ID.match(address)
    if match is None or offset is None or stride is None:
        return None
    bus, slot, function = (int(part, 16) for part in match.groups()[1:])
    routing_id = (bus << 8 | slot << 3 | function) + offset + stride * index
    return f"{match[1]}:{routing_id >> 8:02x}:{routing_id >> 3 & 0x1F:02x}.{routing_id & 7:x}"


def _view(card: Card, target: CardTarget) -> Shown:
    """Return a card for the difference; choices of the kernel are shown as ``default``, so they are predictable."""
    driver = card.binding.driver
    shown: Shown = {
        "mode": card.mode,
        "driver": "native" if card.is_native else driver,
        "driver_override": card.binding.override,
        "num_vfs": card.num_vfs,
        "drivers_autoprobe": card.autoprobe,
        "vf_drivers": {
            one.number: _shown_driver(one.binding, binding_of(target, one.number)) for one in card.virtual_functions
        },
    }
    if target.eswitch:
        shown["eswitch"] = card.eswitch
    return shown


def _with_files(shown: Shown, kept: Kept, other: Kept) -> Shown:
    """Return a card with its files if only these differ; each condition of the rule is on its own line."""
    files = dict(shown)
    if kept.record != other.record:
        files["record"] = shown_record(kept.record)
    if kept.rule != other.rule:
        files["udev_rule"] = None if kept.rule is None else kept.rule.splitlines()[-1].split(", ")
    return files


def _shown_driver(binding: Binding, wanted: BindingWanted | None) -> str | None:
    named = wanted is not None and wanted.driver != CHOICE
    return binding.driver if named or binding.override is not None else "default"


def _predicted_view(card: Card, target: CardTarget, steps: list[CardStep]) -> Shown:
    shown = _view(card, target)
    if not steps:
        return shown
    then = _prediction(card, target)
    makes, binds = find_step(steps, MakeVfs), find_step(steps, BindVfs)
    for field in ("mode", "driver_override", "num_vfs", "drivers_autoprobe"):
        shown[field] = then[field]
    shown["driver"] = then["driver"] if is_vfio_driver(then["driver"]) else "native"
    if makes or find_step(steps, RemoveVfs):
        shown["vf_drivers"] = {}
    bindings = binds.bindings if binds else {}
    for virtual in then["virtual_functions"]:
        index = virtual["index"]
        if makes or index in bindings:
            driver = bindings[index].driver if index in bindings else CHOICE
            shown["vf_drivers"][index] = "default" if driver == CHOICE else driver
    if target.eswitch:
        shown["eswitch"] = target.eswitch
    return shown
