# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the providers of a host in Placement with its cards.

The end of a provider name identifies the device in the spelling of nova, Cyborg or this collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt, no_cloud
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import device_name, makes_mdevs, shares_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import card_types
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.offered_types import gpu_instances
from ansible_collections.vfio.devices.plugins.plugin_utils._report.model import ClassCounts, ProviderEntry

OURS = "vfio_"


class Provider(TypedDict):
    """A provider as placement_inventory_info returns it."""

    name: str
    # The name of the parent, or None for a root.
    parent: str | None
    traits: Sequence[str]
    inventories: Mapping[str, Mapping[str, int]]


class PublishedProvider(Provider):
    """A provider with its allocations."""

    # The service that has created it.
    owner: str | None
    # The allocated number by resource class, or None if it was not readable.
    usages: Mapping[str, int] | None


class _Inventory(TypedDict):
    providers: list[Provider]
    # By name of the provider.
    owners: Mapping[str, str]
    usages: Mapping[str, Mapping[str, int]]


class Inventory(_Inventory, total=False):
    """The result of placement_inventory_info; a failed one has only ``msg``."""

    # The roots that Placement does not have.
    missing: list[str]
    msg: str


class CardProviders(TypedDict):
    """The providers of a card, and the number of devices that the host has for them, or None if it is unknown."""

    providers: list[ProviderEntry]
    has: int | None


class Comparison(NamedTuple):
    """The differences between the providers of a host and its cards."""

    # By card.
    found: dict[str, CardProviders]
    # The providers without a device.
    stale: list[ProviderEntry]
    # Card and text of each difference; without a card if it is missing on the host.
    drift: list[tuple[str | None, str]]


def trees(result: Inventory) -> dict[str, list[PublishedProvider]]:
    """Return providers of ``placement_inventory_info`` by root name, with owner and usages."""
    by_root: dict[str, list[PublishedProvider]] = {}
    parents = {one["name"]: one["parent"] for one in result["providers"]}
    for one in result["providers"]:
        root = one["name"]
        while (parent := parents.get(root)) is not None:
            root = parent
        provider: PublishedProvider = {
            **one,
            "owner": result["owners"].get(one["name"]),
            "usages": result["usages"].get(one["name"]),
        }
        by_root.setdefault(root, []).append(provider)
    return by_root


def compare(
    providers: list[PublishedProvider], cards: Mapping[str, Subject], planned: Mapping[str, Card], root: str
) -> Comparison:
    """Compare the providers of a host with its cards; ``planned`` are planned cards by name."""
    known = _tails(cards)
    found: dict[str, CardProviders] = {
        name: {"providers": [], "has": _offer(card, planned.get(name))} for name, card in cards.items()
    }
    stale: list[ProviderEntry] = []
    drift: list[tuple[str | None, str]] = []
    for provider in providers:
        if provider["parent"] is None:
            continue
        tails = [tail.casefold() for tail in _suffixes(provider["name"])]
        card = next((known[tail] for tail in tails if tail in known), None)
        if card is not None:
            found[card]["providers"].append(_entry(provider))
        elif any(_is_device(tail) for tail in tails):
            stale.append(_entry(provider))
            name = provider["name"].removeprefix(f"{root}_")
            drift.append((None, f"a provider for {name} in Placement, but the card is missing on the host"))
    for name, subject in cards.items():
        lines = _differences(found[name]["providers"], found[name]["has"], _held(subject), planned.get(name))
        drift += [(name, line) for line in lines]
    return Comparison(found, stale, drift)


def _suffixes(name: str) -> list[str]:
    """Return all parts after an underscore, the longest first."""
    return [name[index + 1 :] for index, letter in enumerate(name) if letter == "_"]


def _is_device(tail: str) -> bool:
    if names.NODE_DEVICE.match(tail) or grammar.PCI_ADDRESS.match(tail):
        return True
    return tail.startswith(OURS) and len(tail) > len(OURS)


def _tails(cards: Mapping[str, Subject]) -> dict[str, str]:
    """Map ends of provider names to cards, in lower case, because nova writes PCI addresses in upper case."""
    known = {}
    for name, card in cards.items():
        for parent in card["parents"]:
            known[parent["name"].casefold()] = name
            known[libvirt.node_device(parent["name"]).casefold()] = name
        known[name.casefold()] = name
        known[f"{OURS}{name}".casefold()] = name
    return known


def _entry(provider: PublishedProvider) -> ProviderEntry:
    """Return a provider for the page with its numbers by class."""
    usages = provider["usages"]
    classes: list[ClassCounts] = [
        {
            "name": resource_class,
            "total": inventory["total"],
            "reserved": inventory["reserved"],
            "used": None if usages is None else usages.get(resource_class, 0),
        }
        for resource_class, inventory in provider["inventories"].items()
    ]
    return {"name": provider["name"], "owner": provider["owner"], "traits": provider["traits"], "classes": classes}


def _offer(card: Subject, planned: Card | None) -> int | None:
    """Return how many devices of the card the host has for Placement; None if unknown."""
    if planned and planned["framework"]:
        return planned["total"]
    if planned and planned["mode"] == "vf":
        return card["num_vfs"]
    if planned:
        return planned["total"]
    if card["framework"] and card["parents"]:
        counts = [
            count
            for count in card_types.by_name(card["parents"], card["devices"], gpu_instances(card)).values()
            if count["existing"]
        ]
        return counts[0]["existing"] + counts[0]["free"] if len(counts) == 1 else None
    if card.get("mode") == "vf":
        return card["num_vfs"]
    return 1 if card.get("mode") == "pf" else None


def _differences(providers: list[ProviderEntry], has: int | None, held: int, planned: Card | None) -> list[str]:
    # nova publishes fewer devices if max_instances limits a type.
    limited = any(share["nova"].get("max_instances") for share in (shares_of(planned) if planned else ()))
    owner = planned["owner"] if planned else no_cloud.OWNER
    is_ours = owner == no_cloud.OWNER
    if not providers:
        # PCI devices are in Placement only if nova is configured to report them.
        maybe = planned and planned["owner"] == "nova" and not makes_mdevs(planned)
        if not planned or not has or limited or maybe:
            return []
        created = "" if is_ours else f", which the service of owner {owner} creates"
        return [f"no provider in Placement{created}"]
    lines = []
    reported = "" if is_ours else f" (reported by the service of owner {owner})"
    classes = [one for provider in providers for one in provider["classes"]]
    total = sum(one["total"] for one in classes)
    if has is not None and (total > has or (total < has and not limited)):
        lines.append(f"a total of {total} in Placement, and {has} on the host{reported}")
    shares = shares_of(planned) if planned else []
    wanted = {share["resource_class"] for share in shares if share["resource_class"]}
    other = sorted({one["name"] for one in classes} - wanted)
    if len(wanted) == len(shares) and wanted and other:
        lines.append(
            f"resource class {', '.join(other)} in Placement instead of {' and '.join(sorted(wanted))}{reported}"
        )
    # nova has a provider per type, so only traits of all types must be on all providers.
    of_types = [set(share["traits"]) for share in shares]
    traits = set.intersection(*of_types) if of_types else set()
    lacking = sorted(name for name in traits if any(name not in provider["traits"] for provider in providers))
    if lacking:
        lines.append(f"without {', '.join(lacking)} in Placement")
    used = [one["used"] for one in classes if one["used"] is not None]
    if classes and len(used) == len(classes) and held > sum(used):
        lines.append(f"{held} in use on the host, but {sum(used)} in Placement, which may assign devices twice")
    return lines


def _held(card: Subject) -> int:
    """Return the number of devices of the card in use."""
    held = {device_name(device) for device in card["devices"] if device["users"]}
    held |= {virtual["address"] for virtual in card.get("virtual_functions", []) if virtual["users"]}
    return len(held) or int(bool(card.get("users")))
