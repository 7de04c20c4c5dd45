# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan one provider: desired state, devices that guests would lose, and the step; no I/O.

The same functions plan a provider again after another client has changed it.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import names
from .inventory import capacities, drained, is_same
from .model import Identity, Inventories, Node, PlanOptions, Provider, Shown, Step
from .wanted import label


def plan_provider(node: Node, provider: Provider | None, options: PlanOptions, problems: list[str]) -> Step | None:
    """Return the step or None; ``provider`` is its current state, or None if it must be created."""
    found: list[str] = []
    inventories = desired_inventories(node, provider)
    traits = _desired_traits(node, provider, options)
    if node["ours"]:
        _check_added(provider, traits, found)
        if provider and inventories is not None:
            _check_usages(provider, inventories, found)
    elif provider:
        _check_owner(provider, inventories, traits, found)
    problems += [f"{label(node)}: {sentence}" for sentence in found]
    traits_now = provider["traits"] if provider else []
    inventories_now = provider["inventories"] if provider else {}
    writes_traits = traits is not None and traits != traits_now
    writes_inventories = inventories is not None and not is_same(inventories, inventories_now or {})
    is_renamed = bool(provider and provider["name"] != node["name"])
    if provider and not writes_traits and not writes_inventories and not is_renamed:
        return None
    return {
        "action": "update" if provider else "create",
        **identity(node),
        "item": node["item"],
        "depth": node["depth"],
        "generation": provider["generation"] if provider else 0,
        "traits": traits if writes_traits else None,
        "inventories": inventories if writes_inventories else None,
        "former": provider["name"] if provider and is_renamed else None,
        "before": show_provider(provider, node["parent_name"]) if provider else None,
        "after": _show(
            node["uuid"],
            node["parent_name"],
            inventories_now if inventories is None else inventories,
            traits_now if traits is None else traits,
        ),
        "warnings": _warnings(node, inventories, traits) if writes_inventories else [],
        "node": node,
    }


def plan_removal(provider: Identity, item: int | None, depth: int, before: Shown) -> Step:
    """Return the step that removes a provider with ``depth`` providers above it."""
    return {
        "action": "remove",
        **identity(provider),
        "item": item,
        "depth": depth,
        "generation": 0,
        "traits": None,
        "inventories": None,
        "former": None,
        "before": before,
        "after": None,
        "warnings": [],
        "node": None,
    }


def plan_again(node: Node, provider: Provider | None, options: PlanOptions, problems: list[str]) -> Step | None:
    """Return the step for the current state after a change by another client."""
    before = node["provider"]
    names_before = {node["name"], before["name"] if before else node["name"]}
    if provider and (provider["name"] not in names_before or provider["parent"] != node["parent"]):
        problems.append(f"{label(node)}: it was renamed or moved during the run. Run the play again")
    if provider is None and not node["ours"]:
        problems.append(f"{label(node)}: it was removed by another client during the run, which still manages it")
        return None
    marked = provider is None or names.MARKER in (provider["traits"] or ()) or provider["generation"] == 0
    return plan_provider({**node, "ours": node["ours"] and marked}, provider, options, problems)


def shrinks(node: Node, provider: Provider | None) -> bool:
    """Return whether the provider will offer less of any resource class."""
    inventories = desired_inventories(node, provider)
    if not provider or not node["ours"] or inventories is None:
        return False
    return any(
        new < old
        for name, inventory in (provider["inventories"] or {}).items()
        for new, old in zip(capacities(inventories.get(name)), capacities(inventory))
    )


def identity(provider: Identity) -> Identity:
    """Return only the identity of a provider."""
    return {
        "uuid": provider["uuid"],
        "name": provider["name"],
        "parent": provider["parent"],
        "root": provider["root"],
    }


def show_provider(provider: Provider, parent_name: str | None) -> Shown:
    """Return a provider in the form of a difference."""
    return _show(provider["uuid"], parent_name, provider["inventories"], provider["traits"])


def owner_of(who: str | None) -> str:
    if who:
        return f"belongs to {who}"
    return f"belongs to another service, because it does not have the trait {names.MARKER}"


def desired_inventories(node: Node, provider: Provider | None) -> Inventories | None:
    """Return the desired inventories by class, or None if they are not requested."""
    inventories = node["inventories"]
    if node["drain"] and (inventories is not None or node["ours"]):
        if inventories is None:
            inventories = provider["inventories"] if provider else None
        if inventories is not None:
            return {name: drained(one) for name, one in inventories.items()}
    return inventories


def _desired_traits(node: Node, provider: Provider | None, options: PlanOptions) -> list[str] | None:
    """Return the sorted desired traits, or None if they are not requested."""
    now = set(provider["traits"] or ()) if provider else set()
    listed, mode = node["traits"], options["traits_mode"]
    if not node["ours"]:
        if listed is None:
            return None
        return sorted({*listed, *(name for name in now if mode != "exact" or not names.is_custom(name))})
    if listed is None and node["inventories"] is None and (provider or not node["parent"]):
        # The entry only looks up a parent, or creates a bare root that nova-compute will adopt.
        return None
    if listed is None or mode == "add":
        return sorted({*now, *(listed or ()), names.MARKER})
    return sorted({*listed, *(now & {"OWNER_NOVA"}), names.MARKER})


def _check_owner(
    provider: Provider, inventories: Inventories | None, traits: list[str] | None, found: list[str]
) -> None:
    """Check that only custom traits of another service's provider change."""
    who = names.owner(provider["traits"] or ())
    adopt = "" if who else f", or add this trait to manage it (it has the UUID {provider['uuid']})"
    if inventories is not None and not is_same(inventories, provider["inventories"] or {}):
        found.append(
            f"its inventories cannot be changed, because it {owner_of(who)}. Omit inventories to set only custom "
            f"traits{adopt}"
        )
    if traits is None:
        return
    now = set(provider["traits"] or ())
    added = [name for name in traits if name not in now and not names.is_custom(name)]
    if added:
        found.append(f"it cannot get {', '.join(added)}, because it {owner_of(who)}. Use only custom traits")
    if traits != provider["traits"] and names.REWRITTEN in now:
        found.append(
            "its traits cannot be changed, because nova-compute replaces them at its next update. Put them into "
            "[pci]device_spec of that host"
        )


def _check_added(provider: Provider | None, traits: list[str] | None, found: list[str]) -> None:
    now = (provider["traits"] or ()) if provider else ()
    added = [name for name in names.NEVER_SET if name in (traits or ()) and name not in now]
    if added:
        found.append(
            f"{', '.join(added)} must not be set: nova-compute would adopt the provider and change or remove it. "
            "Remove this trait"
        )


def used_amounts(provider: Provider) -> dict[str, int]:
    """Map each resource class that guests use to the used amount; empty if the usages were not read."""
    return {name: amount for name, amount in (provider["usages"] or {}).items() if amount}


def describe_amounts(used: Mapping[str, int]) -> str:
    """Return used amounts as in ``1 of CUSTOM_NIC_VF, 2 of VGPU``."""
    return ", ".join(f"{amount} of {name}" for name, amount in sorted(used.items()))


def _check_usages(provider: Provider, inventories: Inventories, found: list[str]) -> None:
    """Check usages, because Placement accepts a total below the used amount."""
    for name, inventory in (provider["inventories"] or {}).items():
        used = (provider["usages"] or {}).get(name, 0)
        new = inventories.get(name)
        if new is None:
            if used:
                found.append(
                    f"{name} cannot be removed while {used} of it are in use. Set drain: true, and remove it after its "
                    "last guest has left"
                )
            continue
        whole, free = capacities(new)
        whole_now, free_now = capacities(inventory)
        if whole < min(used, whole_now):
            found.append(
                f"{name} cannot shrink to total {new['total']} with allocation_ratio {new['allocation_ratio']} while "
                f"{used} are in use. Increase total, or remove guests first"
            )
        elif free < min(used, free_now) and new["reserved"] < new["total"]:
            found.append(
                f"{name} cannot have {new['reserved']} of {new['total']} reserved while {used} are in use. Reduce "
                "reserved, or set drain: true to block new guests"
            )


def _warnings(node: Node, inventories: Inventories | None, traits: list[str] | None) -> list[str]:
    if "VGPU" in (inventories or {}) and "OWNER_CYBORG" not in (traits or ()) and node["parent"]:
        return [
            f"{node['name']}: nova finds the device of a VGPU by the name of its provider, and has no device with this "
            "name, so a guest with this VGPU cannot start. Use a custom class (CUSTOM_...)"
        ]
    return []


def _show(uuid: str, parent_name: str | None, inventories: Inventories | None, traits: list[str] | None) -> Shown:
    details = {"inventories": inventories, "traits": traits}
    return {"uuid": uuid, "parent": parent_name, **{name: one for name, one in details.items() if one is not None}}
