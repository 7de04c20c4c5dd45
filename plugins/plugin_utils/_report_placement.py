# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The providers of a host in Placement beside its cards, and where the two do not agree.

Which device a provider stands for is told by its name, which ends in the name of the device as nova, Cyborg or this
collection write it.
"""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils import _grammar, _placement_names
from ansible_collections.vfio.devices.plugins.plugin_utils import _card_types, _node_devices

OURS = "vfio_"


def trees(result):
    """The providers of ``placement_inventory_info`` by the names of their roots, each with its owner and usages."""
    by_root = {}
    parents = {one["name"]: one["parent"] for one in result["providers"]}
    for one in result["providers"]:
        root = one["name"]
        while parents.get(root) is not None:
            root = parents[root]
        provider = {**one, "owner": result["owners"].get(one["name"]), "usages": result["usages"].get(one["name"])}
        by_root.setdefault(root, []).append(provider)
    return by_root


def compare(providers, cards, planned, root):
    """What Placement has of the cards of a host.

    ``cards`` are the subjects of ``_selection.subjects``, ``planned`` the plan's cards, both by name. Returns by card
    its entries (one for each provider), the entries of providers whose device is not there, and (card, words) for
    each difference.
    """
    known = _tails(cards)
    found = {name: [] for name in cards}
    stale, drift = [], []
    for provider in providers:
        if provider["parent"] is None:
            continue
        tails = [tail.casefold() for tail in _suffixes(provider["name"])]
        card, parent = next((known[tail] for tail in tails if tail in known), (None, None))
        if card is not None:
            entry = _entry(provider, _offer(cards[card], parent, planned.get(card)))
            found[card].append({**entry, "device": parent or card})
            drift += [(card, line) for line in _differences(entry, cards[card], parent, planned.get(card))]
        elif any(_is_device(tail) for tail in tails):
            stale.append(_entry(provider, 0))
            name = provider["name"].removeprefix(f"{root}_")
            drift.append((None, f"a provider for {name} in Placement, which is not on the host"))
    for name, card in planned.items():
        drift += [(name, line) for line in _missing(card, {entry["device"] for entry in found[name]})]
    return found, stale, drift


def _suffixes(name):
    """All that follows an underscore, the longest first."""
    return [name[index + 1 :] for index, letter in enumerate(name) if letter == "_"]


def _is_device(tail):
    if _placement_names.NODE_DEVICE.match(tail) or _grammar.PCI_ADDRESS.match(tail):
        return True
    return tail.startswith(OURS) and len(tail) > len(OURS)


def _tails(cards):
    """By the end of a provider's name: the card, and the parent when it stands for one of several or by libvirt's name.

    Names are compared in small letters: nova writes the addresses of PCI devices in capitals.
    """
    known = {}
    for name, card in cards.items():
        for parent in card["parents"]:
            own = parent["name"] if parent["name"] != name else None
            known[_node_devices.node_device(parent["name"]).casefold()] = (name, own)
            known[parent["name"].casefold()] = (name, own)
        known[name.casefold()] = (name, None)
        known[f"{OURS}{name}".casefold()] = (name, None)
    return known


def _entry(provider, has):
    """A provider for the page: by class its numbers, and how many devices the host has for it, or None."""
    usages = provider["usages"]
    classes = [
        {
            "name": resource_class,
            "total": inventory["total"],
            "reserved": inventory["reserved"],
            "used": None if usages is None else usages.get(resource_class, 0),
        }
        for resource_class, inventory in provider["inventories"].items()
    ]
    return {
        "name": provider["name"],
        "owner": provider["owner"],
        "traits": provider["traits"],
        "classes": classes,
        "has": has,
    }


def _offer(card, parent, planned):
    """How many devices the host has for a provider, of the card or of one parent; None when nothing tells."""
    if planned:
        totals = {one["name"]: one["total"] for one in planned["parents"]}
        return totals.get(parent) if parent else planned["total"]
    if card["framework"] and card["parents"]:
        parents = [one for one in card["parents"] if parent in (None, one["name"])]
        devices = [device for device in card["devices"] if parent in (None, device["parent"])]
        counts = [count for count in _card_types.by_name(parents, devices).values() if count["existing"]]
        return counts[0]["existing"] + counts[0]["free"] if len(counts) == 1 else None
    if card["mode"] == "vf":
        return card["num_vfs"]
    return 1 if card["mode"] == "pf" else None


def _differences(entry, card, parent, planned):
    lines = []
    of = f" for {parent}" if parent else ""
    total = sum(one["total"] for one in entry["classes"])
    # nova publishes fewer where max_instances limits a type.
    limited = bool(planned and planned["nova"].get("max_instances"))
    if entry["has"] is not None and (total > entry["has"] or (total < entry["has"] and not limited)):
        lines.append(f"a total of {total} in Placement{of}, and {entry['has']} on the host")
    wanted = planned and planned["resource_class"]
    other = ", ".join(one["name"] for one in entry["classes"] if one["name"] != wanted)
    if wanted and other:
        lines.append(f"resource class {other} in Placement{of} instead of {wanted}")
    lacking = sorted(set(planned["traits"]) - set(entry["traits"])) if planned else []
    if lacking:
        lines.append(f"without {', '.join(lacking)} in Placement{of}")
    used = [one["used"] for one in entry["classes"]]
    held = _held(card, parent)
    if used and None not in used and held > sum(used):
        lines.append(f"{held} in use on the host, and {sum(used)} in Placement{of}, which may give them away again")
    return lines


def _held(card, parent):
    """How many devices of the card, or of one parent, somebody holds."""
    held = {device["uuid"] or device["address"] for device in card["devices"] if device["users"]}
    held |= {virtual["address"] for virtual in card.get("virtual_functions", []) if virtual["users"]}
    if parent:
        on_parent = {device["uuid"] or device["address"] for device in card["devices"] if device["parent"] == parent}
        return len(held & (on_parent | {parent}))
    return len(held) or int(bool(card.get("users")))


def _missing(planned, devices):
    """What nobody has published, of a card of the plan; ``devices`` are those that have a provider."""
    if not planned["total"] or planned["nova"].get("max_instances"):
        return []
    if planned["owner"] == "nova":
        # PCI devices are in Placement only where nova is told so.
        wanted = [one["name"] for one in planned["parents"] if one["total"]] if planned["framework"] == "mdev" else []
    else:
        wanted = [] if devices else [planned["name"]]
    missing = [name for name in wanted if name not in devices]
    if not missing or len(missing) == len(wanted):
        return ["no provider in Placement"] if missing else []
    return [f"no provider in Placement for {', '.join(missing)}"]
