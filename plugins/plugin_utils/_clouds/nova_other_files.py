# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find conflicts between our settings and options in other files of nova.

``others`` are the options of devices in these files in reading order. Each is a dictionary with ``file``, ``section``,
``option``, ``value``, and ``later`` if nova reads the file after ours. ``replaced`` means that kolla-ansible replaces
the value by ours.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ansible_collections.vfio.devices.plugins.module_utils._core import wording
from ansible_collections.vfio.devices.plugins.module_utils._services import oslo
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import (
    cyborg_devices,
    nova_device_spec,
    nova_in_placement,
    nova_mdev,
    nova_pci,
    nova_release,
    nova_spec,
    overlaps,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options, OtherSetting
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_spec import Function, Spec
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.settings_file import Sections
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import is_nvidia_gpu, of_card, share_name
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan, Unselected

TYPES = "enabled_mdev_types"
SWITCHES = (
    ("pci", "report_in_placement", "nova_config_report_in_placement"),
    ("filter_scheduler", "pci_in_placement", "nova_config_pci_in_placement"),
)
# kolla-ansible writes the files of its containers here.
GENERATED = "/etc/kolla/nova-compute"
# Maximum number of cards or functions in a sentence.
MOST_NAMES = 4
Others = Sequence[OtherSetting]
AnyCard = TypeVar("AnyCard", Card, Unselected)
# Each function with its planned card and the tags of its first spec.
Mine = dict[Function, tuple[Card, dict[str, str]]]
FIELDS = OtherSetting.__required_keys__


def checked(others: Any) -> Others:
    """Return the list; raise ``ValueError`` for other values."""
    if not isinstance(others, (list, tuple)) or not all(set(one) >= FIELDS for one in others):
        raise ValueError("others must be the list that vfio.devices.service_settings_info returns")
    return others


def problems(plan: Plan, sections: Sections, options: Options) -> list[str]:
    """Return a sentence for each difference between all files together and the profiles."""
    others = options.get("others", [])
    found = [*_switches(others, options), *_types(plan, sections, options), *_options_of_types(others, sections)]
    found += [*_of_cyborg(plan, options), *cyborg_devices.problems(plan, options)]
    if others:
        found += [*_specs(plan, others, options), *_aliases(others, sections, options)]
        found += nova_in_placement.of_tags(others, options["release"], options["report_in_placement"])
    if any(GENERATED in sentence for sentence in found):
        found.append(
            f"kolla-ansible creates the files below {GENERATED}. Change its overrides, such as "
            "/etc/kolla/config/nova.conf, and run kolla-ansible reconfigure --tags nova. This also removes options of "
            "an earlier run of this collection"
        )
    return found


def _of_cyborg(plan: Plan, options: Options) -> list[str]:
    """Reject NVIDIA GPUs that cyborg-agent also reports."""
    file = options.get("cyborg_gpus")
    gpus = [card for card in plan["cards"] if file and card["owner"] == "nova" and is_nvidia_gpu(card)]
    return [
        of_card(
            card,
            "cyborg-agent of this host also assigns every NVIDIA GPU. Remove nvidia_gpu_driver from enabled_drivers "
            f"in {file}, or set owner: cyborg",
        )
        for card in gpus
    ]


def _last(others: Others, section: str, option: str) -> OtherSetting | None:
    """Return the entry that nova uses, or None."""
    return next((one for one in reversed(others) if (one["section"], one["option"]) == (section, option)), None)


def _switches(others: Others, options: Options) -> Iterator[str]:
    for (section, option, variable), is_set in zip(
        SWITCHES, (options["report_in_placement"], options["pci_in_placement"])
    ):
        entry = _last(others, section, option)
        if entry is not None and entry["value"].strip().lower() in oslo.TRUE and not is_set:
            yield (
                f"{entry['file']} sets {option} = true in [{section}]. Set {variable}: true, or remove the option "
                "from the file"
            )


# Checks of mediated devices


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _types(plan: Plan, sections: Sections, options: Options) -> Iterator[str]:
    """Check types that other files enable: our list replaces theirs, and without our list theirs applies."""
    others = options.get("others", [])
    entry = _last(others, "devices", TYPES)
    if entry is None:
        return
    mine = [type_id for name, value in sections.get("devices", ()) for type_id in _words(value)]
    # Older releases ignore the addresses of a single type.
    kept = mine if len(mine) == 1 and options["release"] < nova_release.MAX_INSTANCES else []
    for type_id in dict.fromkeys(_words(entry["value"])):
        lost = [one["name"] for one in plan.get("unselected", []) if _offers(others, type_id, one, one["types"])]
        if mine and lost and type_id not in kept:
            cards = wording.shorten(lost, MOST_NAMES)
            yield (
                f"{entry['file']} enables the type {type_id} for {cards} of no profile, and the file of this "
                f"collection replaces this setting. Give {cards} a profile of owner nova, or remove {type_id} from "
                f"{TYPES} of {entry['file']}"
            )
        for card in plan["cards"] if not mine else ():
            if card["owner"] != "nova" and _offers(others, type_id, card, card.get("types", [])):
                yield of_card(
                    card,
                    f"its owner is {card['owner']}, but {entry['file']} enables the type {type_id}, so nova also "
                    "assigns its devices. Remove the type from the file, or set owner: nova",
                )


def _offers(others: Others, type_id: str, card: Card | Unselected, types: Collection[str]) -> bool:
    addresses = _last(others, f"mdev_{type_id.lower()}", "device_addresses")
    names = {card["name"], *card["virtual_functions"]}
    chosen = names & {word.lower() for word in _words(addresses["value"])} if addresses else names
    return type_id in types and bool(chosen)


def _options_of_types(others: Others, sections: Sections) -> Iterator[str]:
    """Check options of our types that only other files set, so that their values apply."""
    for section, own in sections.items():
        kind, dummy, type_id = section.partition("_")
        mine = dict(own)
        for option in ("mdev_class", "max_instances") if kind in ("mdev", "vgpu") else ():
            entry = _last(others, section.lower(), option)
            if entry is None or option in mine:
                continue
            if option == "mdev_class" and entry["value"].strip() == nova_mdev.DEFAULT_CLASS:
                continue
            advice = "placement.resource_class" if option == "mdev_class" else "nova.max_instances"
            yield (
                f"type {type_id}: {entry['file']} sets {option} = {entry['value'].strip()} in [{section}], which also "
                f"applies to the profiles. Set {advice} in the profile, or remove the option from the file"
            )


# Checks of PCI devices


def _functions(cards: Iterable[AnyCard]) -> dict[Function, AnyCard]:
    """Return all PCI functions of cards, each with its card."""
    found: dict[Function, AnyCard] = {}
    for card in cards:
        found.update(dict.fromkeys(nova_spec.of_card(card), card))
    return found


def _specs(plan: Plan, others: Others, options: Options) -> Iterator[str]:
    """Check other specs: nova uses the first one that matches a function, in reading order."""
    cards = nova_pci.cards(plan)
    planned, unselected = _functions(plan["cards"]), _functions(plan.get("unselected", []))
    everything = [*planned, *unselected]
    mine: Mine = {}
    for card in cards:
        for text in nova_device_spec.device_specs(card, options):
            (spec,) = nova_spec.specs(text)
            for function in nova_spec.matching(spec, everything):
                mine.setdefault(function, (card, nova_spec.tags(spec)))
    assigned: dict[Function, tuple[dict[str, str], str]] = {}
    for entry in others:
        if (entry["section"], entry["option"]) != ("pci", "device_spec"):
            continue
        for spec in nova_spec.specs(entry["value"]):
            matched = nova_spec.matching(spec, everything)
            what = f"device_spec {json.dumps(spec)} of [pci] in {entry['file']}"
            if entry.get("replaced"):
                yield from _lost(matched, mine, unselected, what)
                continue
            first = {} if entry["later"] else {one: mine[one][0] for one in matched if _differs(one, mine, spec)}
            yield from _by_card(first, f"nova uses {what} first, with other settings. Remove it from the file")
            strange = [one for one in matched if one not in mine]
            taken = {one: planned[one] for one in strange if one in planned}
            yield from _by_card(
                taken, f"{what} matches it too, so nova assigns what the profile does not. Remove it from the file"
            )
            yield from _of_no_profile(strange, unselected, cards, spec, what, options)
            for function in strange if options["report_in_placement"] else ():
                if function in unselected:
                    assigned.setdefault(function, (nova_spec.tags(spec), entry["file"]))
    yield from nova_in_placement.of_specs(assigned)


def _lost(matched: Iterable[Function], mine: Mine, unselected: Collection[Function], what: str) -> Iterator[str]:
    """Check functions of no profile that nova no longer assigns, because our values replace those of other files."""
    lost = [one.address for one in matched if one not in mine and one in unselected]
    if lost:
        yield (
            f"nova would no longer assign {wording.shorten(lost, MOST_NAMES)} of no profile, because kolla-ansible "
            f"replaces {what} by the values of this collection. Give the cards a profile, or remove it from the file"
        )


def _differs(function: Function, mine: Mine, spec: Spec) -> bool:
    return function in mine and nova_spec.tags(spec) != mine[function][1]


def _by_card(found: Mapping[Function, Card], reason: str) -> Iterator[str]:
    """Return a sentence for each card with its functions."""
    by_card: dict[str, tuple[Card, list[str]]] = {}
    for function, card in found.items():
        by_card.setdefault(card["name"], (card, []))[1].append(function.address)
    for card, addresses in by_card.values():
        others = [address for address in addresses if address != card["address"]]
        names = f"{wording.shorten(others, MOST_NAMES)}: " if others else ""
        yield of_card(card, f"{names}{reason}")


def _of_no_profile(
    strange: list[Function],
    unselected: Mapping[Function, Unselected],
    cards: list[Card],
    spec: Spec,
    what: str,
    options: Options,
) -> Iterator[str]:
    """Check functions without a profile that the alias of a profile also matches."""
    has = nova_spec.tags(spec)
    for function in strange:
        card = unselected.get(function)
        if card is None:
            continue
        other = overlaps.of_function(function, card, has)
        for one in cards:
            if one["nova"].get("alias") and overlaps.matches(one, other, options):
                yield (
                    f"profile {share_name(one)}, alias {one['nova']['alias']}: guests also get {function.address} of "
                    f"no profile, because {what} matches it. Remove it from the file, or give the card a profile"
                )
                break


def _aliases(others: Others, sections: Sections, options: Options) -> Iterator[str]:
    """Check aliases with equal names, because nova combines their values."""
    mine: dict[object, list[Spec]] = {}
    for name, value in sections.get("pci", ()):
        if name == "alias":
            mine.setdefault(json.loads(value)["name"], []).append(json.loads(value))
    is_alias = ("pci", "alias")
    aliases = [one for one in others if (one["section"], one["option"]) == is_alias and not one.get("replaced")]
    for entry in aliases:
        for spec in nova_spec.specs(entry["value"]):
            own = mine.get(spec.get("name"))
            if own and (spec not in own or options["pci_in_placement"]):
                yield (
                    f"alias {spec['name']} is also in [pci] of {entry['file']}, and nova merges both. Use "
                    "another nova.alias, or remove it from the file"
                )
    if options["pci_in_placement"]:
        yield from nova_in_placement.of_aliases(aliases, mine)
