# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create nova settings for PCI devices: ``[pci]`` (nova/pci/devspec.py, nova/pci/request.py)."""

from __future__ import annotations

import json
import re

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import (
    nova_mdev,
    nova_ports,
    nova_release,
    overlaps,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_mdevs,
    has_typed_vfs,
    held_card,
    is_share,
    later_cards_of,
    makes_mdevs,
    of_card,
    type_name,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

# Other names without CUSTOM_ do not belong to devices, or nova adds CUSTOM_ to them.
STANDARD_CLASSES = ("FPGA", "PCI_DEVICE", "PGPU", "SRIOV_NET_VF", "VGPU")
LONGEST_ALIAS = 256


def cards(plan: Plan) -> list[Card]:
    """Return the cards whose PCI functions nova assigns to guests."""
    own = [card for card in cards_of(plan, "nova") if not has_mdevs(held_card(card) or card) and card["num_vfs"] != 0]
    return [part for card in own for part in _parts(card)]


def later_cards(plan: Plan) -> list[Card]:
    """Return the cards whose virtual functions do not exist yet, and will be PCI devices of guests."""
    later = later_cards_of(plan, "nova")
    return [card for card in later if not makes_mdevs(card) and not nova_mdev.may_have_mdevs(card)]


def _parts(card: Card) -> list[Card]:
    """Return the card, or a copy for each of its groups of virtual functions with the settings of the group."""
    groups = card["nova"].get("groups")
    if not groups or card["mode"] != "vf" or card.get("held_mode") or card.get("held_parents"):
        return [card]
    return [
        {
            **card,
            "is_part": True,
            "nova": {**card["nova"], **group},
            "host_functions": [name for name in card["virtual_functions"] if name not in group["functions"]],
        }
        for group in groups
    ]


def check(card: Card, options: Options) -> list[str]:
    """Return a sentence for each setting that nova would reject or ignore."""
    nova, release = card["nova"], options["release"]
    found = []
    if not nova_mdev.ADDRESS.match(card["address"] or ""):
        found.append(
            f"nova fails at the address {card['address']}, because it supports only PCI domains of four digits"
        )
    if has_typed_vfs(card) and release < nova_release.MANAGED:
        found.append(
            f"nova {release} would unbind the vendor driver of its vGPUs, which are virtual functions. nova "
            f"{nova_release.MANAGED} and later keep the driver"
        )
    if "max_instances" in nova:
        found.append("nova.max_instances is only for mediated devices. Use vgpu.count or num_vfs")
    if nova.get("trusted") is not None and card["mode"] == "pf":
        found.append("nova.trusted is only for virtual functions. Remove it")
    found += nova_ports.check(card, options)
    if nova.get("live_migratable"):
        found += _check_live_migratable(options)
    if nova.get("one_time_use"):
        found += _check_one_time_use(card, options)
    if options["report_in_placement"]:
        found += _check_placement(card)
    return found + _check_alias(card, options)


def _check_live_migratable(options: Options) -> list[str]:
    release, libvirt = options["release"], options.get("libvirt")
    if release < nova_release.MANAGED:
        return [f"nova {release} does not support live_migratable. nova {nova_release.MANAGED} or later does"]
    found = []
    if libvirt and libvirt < nova_release.LIBVIRT_WITH_LIVE_MIGRATABLE:
        found.append(
            f"nova-compute stops at live_migratable with libvirt {'.'.join(map(str, libvirt))}. libvirt 10.0.0 and "
            "QEMU 8.2.2 or later support it"
        )
    if options.get("post_copy"):
        found.append(
            "a guest with a PCI device cannot be migrated with post-copy. Remove nova.live_migratable, or set "
            "live_migration_permit_post_copy = False in [libvirt] of nova.conf"
        )
    return found


def _check_one_time_use(card: Card, options: Options) -> list[str]:
    found = []
    if options["release"] < nova_release.ONE_TIME_USE:
        found.append(
            f"nova {options['release']} does not support one_time_use. nova {nova_release.ONE_TIME_USE} or later does"
        )
    if not options["report_in_placement"]:
        found.append(
            "nova fails with one_time_use without report_in_placement. Set nova_config_report_in_placement: true"
        )
    if card["mode"] != "pf":
        found.append("nova fails with one_time_use for virtual functions. Use it only for mode pf")
    return found


def _check_placement(card: Card) -> list[str]:
    found = []
    name = card["resource_class"]
    if card["nova"].get("physical_network"):
        wanted = [text for text, value in (("resource_class", name), ("traits", card["traits"])) if value]
        if wanted:
            found.append(
                "nova does not report devices with a physical_network, so it does not report their "
                f"{' or '.join(wanted)}"
            )
    if name and not name.startswith("CUSTOM_") and name not in STANDARD_CLASSES:
        found.append(
            f"nova would use CUSTOM_{name} instead of the resource class {name}. Use a class that begins with CUSTOM_, "
            f"or {', '.join(STANDARD_CLASSES)}"
        )
    return found


def _check_alias(card: Card, options: Options) -> list[str]:
    nova = card["nova"]
    alias = nova.get("alias")
    if alias is None:
        return ["nova.numa_policy requires nova.alias. Set nova.alias"] if "numa_policy" in nova else []
    found = []
    if not alias.strip() or alias != alias.strip() or re.search(r"[,:]", alias) or len(alias) > LONGEST_ALIAS:
        found.append(
            f"no flavor can request the alias {alias[:80]!r}. Use 1 to {LONGEST_ALIAS} characters without commas and "
            "colons, and without blanks at the ends"
        )
    if nova.get("numa_policy") == "socket" and options["release"] < nova_release.SOCKET_POLICY:
        found.append(
            f"nova {options['release']} does not support numa_policy socket. nova {nova_release.SOCKET_POLICY} or "
            "later does"
        )
    if options["pci_in_placement"] and nova.get("physical_network"):
        found.append(
            "with pci_in_placement nova finds no device of an alias with a physical_network. Remove one of the two"
        )
    if not _uses_class(card, options) and not _product_id(card):
        found.append("the device id of its virtual functions is unknown, but an alias requires it")
    return found


def check_mixes(cards: list[Card]) -> list[str]:
    """Report different virtual functions of a card: nova-compute stops (nova/compute/pci_placement_translator.py)."""
    found: list[str] = []
    first: dict[str, Card] = {}
    for card in filter(is_share, cards):
        other = first.setdefault(card["name"], card)
        for key in ("resource_class", "traits"):
            mine, theirs = (sorted(one[key] or []) if key == "traits" else one[key] for one in (card, other))
            if mine != theirs:
                words = (", ".join(one) if isinstance(one, list) else one for one in (mine, theirs))
                mine, theirs = (word or "none" for word in words)
                found.append(
                    of_card(
                        card,
                        f"nova rejects virtual functions of one card with different {key.replace('_', ' ')} in "
                        f"Placement. {type_name(card)} has {mine}, and {type_name(other)} has {theirs}. Use one type "
                        "on each card, or equal values",
                    )
                )
    return found


# Values of [pci] alias


def aliases(all_cards: list[Card], options: Options, problems: list[str]) -> list[str]:
    """Return the values of alias for the cards of one or more hosts, without duplicates."""
    specs: dict[str, dict[str, Card]] = {}
    for card in all_cards:
        name = card["nova"].get("alias")
        if name is not None:
            specs.setdefault(name, {}).setdefault(json.dumps(_alias(card, options)), card)
    for name, versions in specs.items():
        meanings = {(spec.get("device_type"), spec.get("numa_policy")) for spec in map(json.loads, versions)}
        profiles = " and ".join(sorted({card["profile"] for card in versions.values()}))
        if len(meanings) > 1:
            problems.append(
                f"alias {name} of profile {profiles}: nova fails if an alias has several device types or NUMA "
                "policies. Use a different alias for each"
            )
        elif len(versions) > 1 and options["pci_in_placement"]:
            problems.append(
                f"alias {name} of profile {profiles}: with pci_in_placement an alias must have one kind of device. Set "
                "the same placement.resource_class, or use different aliases"
            )
    problems += overlaps.of_aliases(all_cards, options)
    return [spec for name in sorted(specs) for spec in sorted(specs[name])]


def _alias(card: Card, options: Options) -> dict[str, str | None]:
    nova = card["nova"]
    alias: dict[str, str | None] = {"name": nova["alias"]}
    if _uses_class(card, options):
        alias["resource_class"] = card["resource_class"]
    else:
        alias.update(vendor_id=card["vendor_id"], product_id=_product_id(card))
    if options["pci_in_placement"] and card["traits"]:
        alias["traits"] = ",".join(sorted(card["traits"]))
    whole = "type-PF" if card["total_vfs"] else "type-PCI"
    alias["device_type"] = whole if card["mode"] == "pf" else "type-VF"
    if "numa_policy" in nova:
        alias["numa_policy"] = nova["numa_policy"]
    if nova.get("live_migratable"):
        alias["live_migratable"] = "yes"
    return alias


def _uses_class(card: Card, options: Options) -> bool:
    return options["pci_in_placement"] and card["resource_class"] is not None


def _product_id(card: Card) -> str | None:
    return card["product_id"] if card["mode"] == "pf" else card["vf_product_id"]
