# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""OpenStack nova: settings of nova-compute, nova-api and nova-scheduler, and providers that nova-compute creates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import (
    libvirt,
    nova_changes,
    nova_device_spec,
    nova_mdev,
    nova_other_files,
    nova_pci,
    nova_profile,
    nova_release,
    provider,
    settings_file,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Provider, ProviderOptions
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.defaults import or_default
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.settings_file import Option, Sections
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_mdevs,
    has_typed_vfs,
    is_share,
    later_cards_of,
    makes_mdevs,
    of_card,
    shares_of,
    type_name,
    usable_parents,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

OWNER = "nova"
SHAPE = "nova"
PROFILE_PART = nova_profile.PROFILE_PART
DEFAULT_COUNT = "max"
MAKES_MDEVS = True
TAKES_UNTOUCHED_CARDS = False
# Valid resource classes of a type in nova (nova/conf/devices.py).
MDEV_CLASS = re.compile(r"(VGPU|CUSTOM_[A-Z0-9_]+)\Z")


def nova_config(
    plan: Any,
    release: object,
    report_in_placement: object = False,
    pci_in_placement: object = False,
    service: str = "compute",
    libvirt: object = None,
    present: object = "",
    post_copy: object = False,
    others: object = (),
    cyborg_gpus: str = "",
    started: object = None,
) -> str:
    """Return the nova configuration; raise ``AnsibleFilterError`` with a sentence for each problem.

    ``started`` has the defaults of ``libvirt``, ``post_copy``, ``others`` and ``cyborg_gpus``.
    """
    with errors_of_filter("nova_config", "nova_config needs a plan of vfio.devices.resolve"):
        if service not in ("compute", "api"):
            raise ValueError(f"service must be compute or api, and not {numbers.shown(service)}")
        seen = or_default(started, {})
        if not isinstance(seen, Mapping):
            raise ValueError("started must be the result of vfio.devices.service_settings_info")
        version = or_default(libvirt, or_default(seen.get("libvirt")))
        version = None if version is None else nova_release.version(version, "libvirt")
        options: Options = {
            "release": nova_release.number(release),
            "report_in_placement": flag(or_default(report_in_placement, False), "report_in_placement"),
            "pci_in_placement": flag(or_default(pci_in_placement, False), "pci_in_placement"),
            "service": service,
            "libvirt": version,
            "names_fit": version is None or nova_release.knows_names_of(release, version),
            "post_copy": flag(or_default(post_copy, False) or seen.get("post_copy", False), "post_copy"),
            "present": str(or_default(present, "")),
            "others": nova_other_files.checked(or_default(others, ()) or seen.get("others", ())),
            "cyborg_gpus": or_default(cyborg_gpus, or_default(seen.get("cyborg_gpus"))),
            "cyborg_settings": seen.get("cyborg_settings", []),
            "installed": or_default(seen.get("version")),
        }
        text, problems = _settings(plan, options)
    refuse("the nova configuration cannot be created:", problems)
    return text


check = nova_profile.check


def check_card(card: Card) -> list[str]:
    if has_typed_vfs(card) and card["type"] and card["count"] is None:
        return ["nova does not create vendor-specific vGPUs itself. Remove vgpu.count: 0"]
    return nova_profile.missing_functions(card["nova"], card["num_vfs"])


def check_host(cards: list[Card]) -> list[str]:
    """Check that cards agree: nova has one class and limit per type of a host (nova/conf/devices.py)."""
    problems = []
    seen: dict[str, tuple[dict[str, str | int | None], str]] = {}
    parents: dict[str, str | None] = {}
    for card in cards:
        if not makes_mdevs(card) and not nova_mdev.may_have_mdevs(card):
            continue
        if is_share(card):
            problems += _check_parents(card, parents)
        if card["resource_class"] and not MDEV_CLASS.match(card["resource_class"]):
            sentence = (
                "the resource class of mediated devices in nova is VGPU or begins with CUSTOM_, and is not "
                f"{card['resource_class']}{nova_mdev.unsure(card)}"
            )
            problems.append(of_card(card, sentence))
        # Devices that stay temporarily keep their class.
        if not card["type"] or card["next_type"]:
            continue
        meaning = {
            "resource class": nova_mdev.resource_class(card),
            "limit max_instances": card["nova"].get("max_instances"),
        }
        first, profile = seen.setdefault(card["type"]["id"], (meaning, card["profile"]))
        for key, value in meaning.items():
            if value != first[key]:
                sentence = (
                    f"nova has one {key} for type {card['type']['id']} on a host, and profile {profile} "
                    f"wants {first[key]}, this one {value}"
                )
                problems.append(of_card(card, sentence))
    return problems


def _check_parents(card: Card, taken: dict[str, str | None]) -> list[str]:
    """Check that types do not share parents, because nova-compute then stops.

    See nova/virt/libvirt/driver.py, _get_supported_vgpu_types.
    """
    mine = {parent["name"]: type_name(card) for parent in card["parents"]}
    shared = sorted(name for name in mine if taken.get(name, mine[name]) != mine[name])
    sentences = [
        f"nova knows one type of each parent, and {name} also has {taken[name]}. Use one type, or set owner: none"
        for name in shared
    ]
    taken.update(mine)
    return [of_card(card, sentence) for sentence in sentences]


def _settings(plan: Any, options: Options) -> tuple[str, list[str]]:
    """Return the settings of the plan's host for service ``compute``, or of one or more plans for ``api``."""
    problems = nova_release.check(options)
    if options["service"] == "compute":
        sections = _compute(plan, options, problems)
    else:
        sections = _api(plan if isinstance(plan, (list, tuple)) else [plan], options, problems)
    return settings_file.text("nova_config", sections), problems


def why_no_provider(card: Card, options: ProviderOptions) -> str | None:
    if card["owner"] != OWNER:
        return f"nova creates no provider for it, because its owner is {card['owner']}"
    return None


def providers(card: Card, options: ProviderOptions) -> tuple[list[Provider], list[str]]:
    """Return providers with traits; nova replaces all traits of PCI devices, so these are omitted."""
    found: list[str] = []
    entries: list[Provider] = []
    for share in shares_of(card):
        names = None
        if makes_mdevs(share) or nova_mdev.may_have_mdevs(share):
            names = [f"{options['root']}_{libvirt.node_device(name)}" for name in usable_parents(share)]
        entries += provider.traits_only(share, names, OWNER, options, found, nova_mdev.unsure(share))
    return entries, list(dict.fromkeys(found))


def reserved_names(card: Card, root: str) -> list[str]:
    """Return the provider name of a PCI device if nova reports PCI devices to Placement."""
    return [f"{root}_{card['address'].upper()}"] if card["address"] and not makes_mdevs(card) else []


def extra_specs(card: Card) -> dict[str, str]:
    if has_mdevs(card):
        return _specs_of_mdevs(card, card["nova"].get("count", 1))
    parts = [card["nova"], *(card["nova"].get("groups") or [])]
    alias = next((part["alias"] for part in parts if "alias" in part), None)
    return {"pci_passthrough:alias": f"{alias}:{card['nova'].get('count', 1)}"} if alias else {}


def _specs_of_mdevs(card: Card, count: int) -> dict[str, str]:
    """Use a separate group for each device, because nova uses one device of each allocation."""
    specs = {}
    for group in range(1, count + 1) if count > 1 else [""]:
        specs[f"resources{group}:{nova_mdev.resource_class(card)}"] = "1"
        specs.update((f"trait{group}:{trait}", "required") for trait in sorted(card["traits"]))
    return {**specs, "group_policy": "none"} if count > 1 else specs


def _compute(plan: Plan, options: Options, problems: list[str]) -> Sections:
    cards = nova_pci.cards(plan)
    mdevs = nova_mdev.sections(plan, options["release"], problems, options.get("present", ""))
    if mdevs and not options.get("names_fit", True):
        problems.append(
            f"nova {options['release']} cannot parse the names of mediated devices of libvirt 7.7 and later. Use nova "
            "24.2 or later"
        )
    problems += _check_cards([*cards, *nova_pci.later_cards(plan)], options)
    if options["report_in_placement"]:
        problems += [*_check_classes(plan, cards), *_check_traits(cards)]
        problems += nova_pci.check_mixes(cards)
    renamed = options["release"] >= nova_release.REPORT_IN_PLACEMENT
    key = "device_spec" if renamed else "passthrough_whitelist"
    pci = [(key, spec) for card in cards for spec in nova_device_spec.device_specs(card, options)]
    if options["report_in_placement"]:
        pci.insert(0, ("report_in_placement", "true"))
    sections = {
        **mdevs,
        "pci": [*pci, *_aliases(cards, options, problems)],
        "filter_scheduler": _filter_scheduler(options),
    }
    problems += dict.fromkeys(nova_other_files.problems(plan, sections, options))
    if cards_of(plan, OWNER) or later_cards_of(plan, OWNER):
        problems += nova_release.check_installed(options)
    problems += nova_changes.problems(plan, sections, options)
    return sections


def _api(plans: Sequence[Plan], options: Options, problems: list[str]) -> Sections:
    cards = [card for plan in plans for card in nova_pci.cards(plan)]
    problems += dict.fromkeys(_check_cards(cards, options))
    return {"pci": _aliases(cards, options, problems), "filter_scheduler": _filter_scheduler(options)}


def _check_cards(cards: list[Card], options: Options) -> list[str]:
    return [
        of_card(card, sentence)
        for card in cards
        for sentence in (*filter(None, [card.get("not_shareable")]), *nova_pci.check(card, options))
    ]


def _check_classes(plan: Plan, cards: list[Card]) -> list[str]:
    """Check classes: nova treats each allocation of a class of mediated devices as an mdev, even for a PCI device."""
    classes = {nova_mdev.resource_class(card) for card in cards_of(plan, OWNER) if has_mdevs(card)}
    return [
        of_card(
            card, f"mediated devices of this host have the resource class {card['resource_class']}. Use another class"
        )
        for card in cards
        if card["resource_class"] in classes
    ]


def _check_traits(cards: list[Card]) -> list[str]:
    """Check traits: all functions of a card are one provider, whose traits include live migration."""
    kinds: dict[str, dict[bool, Card]] = {}
    for card in cards:
        if not card["nova"].get("physical_network"):
            kinds.setdefault(card["name"], {})[bool(card["nova"].get("live_migratable"))] = card
    return [
        of_card(next(iter(found.values())), "all groups with report_in_placement need the same nova.live_migratable")
        for found in kinds.values()
        if len(found) > 1
    ]


def _aliases(cards: list[Card], options: Options, problems: list[str]) -> list[Option]:
    return [("alias", spec) for spec in nova_pci.aliases(cards, options, problems)]


def _filter_scheduler(options: Options) -> list[Option]:
    # nova-compute reads aliases too. Without this option it stops at an alias without ids.
    return [("pci_in_placement", "true")] if options["pci_in_placement"] else []
