# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What sriov_pf_mode tells of its work: each card before and after, what was done, and the difference."""

from __future__ import annotations

import re
from typing import Any

from .._devices.binding import CHOICE, Wanted, has_driver
from .._devices.sriov import is_vfio_driver
from .actions import Outcome
from .steps import binding_of, plan_steps

ROUTING_ID = re.compile(r"([0-9a-f]+):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\Z")


def report(
    planned: list[dict[str, Any]],
    outcomes: dict[str, Outcome] | None,
    after: dict[str, dict[str, Any]] | None,
) -> dict[str, Any]:
    """The result of the module; in check mode, where nothing has been done, both are None."""
    functions = []
    diff: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
    for one in planned:
        card, target = one["card"], one["target"]
        outcome = (outcomes or {}).get(card["address"])
        done = [] if one["busy"] else one["steps"] if outcome is None else outcome.done
        found = (after or {}).get(card["address"])
        then = _card(found) if found else _prediction(card, target) if one["steps"] and after is None else _card(card)
        texts = [step["text"] for step in done if step["text"]]
        if found and any(step["action"] == "bind_vfs" and not step["text"] for step in done):
            texts += _bound_by_kernel(card, found)
        functions.append(
            {
                "pf": card["address"],
                "item": one["item"],
                "action": _action(one, outcome, texts),
                "before": _card(card),
                "after": then,
                "done": texts,
                "busy": one["busy"],
                "error": outcome.error if outcome else None,
                "seconds": round(outcome.seconds, 3) if outcome and one["steps"] else None,
            }
        )
        diff["before"][card["address"]] = _view(card, target)
        shown = _view(found, target) if found else _predicted_view(card, one)
        diff["after"][card["address"]] = shown
    return {
        "changed": any(function["done"] for function in functions),
        "functions": functions,
        "failures": [function["error"] for function in functions if function["error"]],
        "diff": diff,
        **_progress(planned, outcomes or {}),
    }


def _progress(planned: list[dict[str, Any]], outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """How many cards are done and how many are left, if some are left."""
    changing = [outcomes[one["card"]["address"]] for one in planned if one["steps"] and outcomes]
    left = sum(outcome.left for outcome in changing)
    return {"progress": {"done": len(changing) - left, "left": left}} if left else {}


def _bound_by_kernel(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What came of offering VFs to the kernel's own matching, which cannot be known before."""
    drivers = {one["index"]: one["driver"] for one in before["virtual_functions"]}
    bound = [one for one in after["virtual_functions"] if one["driver"] and drivers.get(one["index"]) is None]
    return [f"bound virtual function {one['index']} to {one['driver']}" for one in bound]


def _action(one: dict[str, Any], outcome: Outcome | None, texts: list[str]) -> str:
    if one["busy"]:
        return "busy"
    if outcome and outcome.error:
        return "pending" if outcome.pending else "restored" if outcome.restored else "failed"
    if outcome and one["steps"] and not outcome.done:
        return "skipped"
    return "changed" if texts else "unchanged"


def _card(card: dict[str, Any]) -> dict[str, Any]:
    fields = ("mode", "driver", "driver_override", "num_vfs", "drivers_autoprobe", "netdevs")
    shown = {field: card[field] for field in fields}
    of_virtual = ("index", "address", "driver", "iommu_group", "netdev")
    virtual = [{field: one[field] for field in of_virtual} for one in card["virtual_functions"]]
    return {**shown, "virtual_functions": virtual}


def _prediction(card: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """What a card will be; null where only the kernel will tell."""
    steps = {step["action"]: step for step in plan_steps(card, target)}
    shown = _card(card)
    if "bind" in steps:
        binding = target["binding"]
        chosen = None if binding["driver"] == CHOICE else binding["driver"]
        shown["driver"] = card["driver"] if has_driver(card["driver"], binding) else chosen
        shown["driver_override"] = binding["override"]
        if shown["driver"] != card["driver"]:
            shown["netdevs"] = [] if is_vfio_driver(shown["driver"]) else card["known"].get("netdevs", [])
    if "autoprobe" in steps:
        shown["drivers_autoprobe"] = steps["autoprobe"]["value"] == "1"
    if "remove" in steps:
        shown["virtual_functions"] = []
    if "create" in steps:
        count = steps["create"]["count"]
        shown["virtual_functions"] = [_new_virtual_function(card, target, index) for index in range(count)]
    elif "bind_vfs" in steps:
        for one in shown["virtual_functions"]:
            if one["index"] in steps["bind_vfs"]["certain"]:
                wanted = steps["bind_vfs"]["bindings"][one["index"]]["driver"]
                one["driver"] = None if wanted == CHOICE else wanted
                one["netdev"] = None
    shown["num_vfs"] = len(shown["virtual_functions"])
    shown["mode"] = "pf" if is_vfio_driver(shown["driver"]) else "vf" if shown["num_vfs"] else "host"
    return shown


def _new_virtual_function(card: dict[str, Any], target: dict[str, Any], index: int) -> dict[str, Any]:
    wanted = binding_of(target, index)
    driver = None if wanted is None or wanted["driver"] == CHOICE else wanted["driver"]
    # Of the VFs that are there now, the addresses are known; others follow from the capability.
    known = {one["index"]: one["address"] for one in card["virtual_functions"]}
    address = known.get(index) or _moved(card["address"], card["offset"], card["stride"], index)
    return {"index": index, "address": address, "driver": driver, "iommu_group": None, "netdev": None}


def _moved(address: str, offset: int | None, stride: int | None, index: int) -> str | None:
    match = ROUTING_ID.match(address)
    if match is None or offset is None or stride is None:
        return None
    bus, slot, function = (int(part, 16) for part in match.groups()[1:])
    routing_id = (bus << 8 | slot << 3 | function) + offset + stride * index
    return f"{match[1]}:{routing_id >> 8:02x}:{routing_id >> 3 & 0x1F:02x}.{routing_id & 7:x}"


def _view(card: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """A card for the difference, in words that can be said before as well: the kernel's own choices are ``default``."""
    shown: dict[str, Any] = {
        "mode": card["mode"],
        "driver": card["driver"] if is_vfio_driver(card["driver"]) else "native" if card["native"] else card["driver"],
        "driver_override": card["driver_override"],
        "num_vfs": card["num_vfs"],
        "drivers_autoprobe": card["drivers_autoprobe"],
        "vf_drivers": {
            one["index"]: _shown_driver(one["override"], one["driver"], binding_of(target, one["index"]))
            for one in card["virtual_functions"]
        },
    }
    if target["eswitch"]:
        shown["eswitch"] = card["eswitch"]
    return shown


def _shown_driver(override: str | None, driver: str | None, wanted: Wanted | None) -> str | None:
    named = wanted is not None and wanted["driver"] != CHOICE
    return driver if named or override is not None else "default"


def _predicted_view(card: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    target = one["target"]
    shown = _view(card, target)
    if not one["steps"]:
        return shown
    then = _prediction(card, target)
    steps = {step["action"]: step for step in one["steps"]}
    for field in ("mode", "driver_override", "num_vfs", "drivers_autoprobe"):
        shown[field] = then[field]
    shown["driver"] = then["driver"] if is_vfio_driver(then["driver"]) else "native"
    if "create" in steps or "remove" in steps:
        shown["vf_drivers"] = {}
    bindings = {} if "bind_vfs" not in steps else steps["bind_vfs"]["bindings"]
    for virtual in then["virtual_functions"]:
        index = virtual["index"]
        if "create" in steps or index in bindings:
            driver = bindings[index]["driver"] if index in bindings else CHOICE
            shown["vf_drivers"][index] = "default" if driver == CHOICE else driver
    if target["eswitch"]:
        shown["eswitch"] = target["eswitch"]
    return shown
