# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find probable mistakes in profiles that no single host reveals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import shorten
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import plain
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration, expression, iommu_groups
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import facts as facts_of_host
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.selection import (
    lacks,
    missing,
    select,
    subjects,
)

SHOWN = 5
SHOWN_MODELS = 8
UNKNOWN = "unknown"
NO_CARD = "No card is configured there, and site removes the settings of earlier runs."


class SelectedProfile(TypedDict):
    """A profile with the models of its cards by name."""

    name: str
    owner: str
    select: Any
    cards: dict[str, str]
    # A sentence about the names in its list that the host lacks; empty if there are none.
    lacks: str
    # These names.
    missing: list[str]


class Selection(TypedDict):
    """What the profiles of one host select, as plain data."""

    # Whether the host has profiles.
    declared: bool
    # Whether all of them are valid.
    valid: bool
    # The models of all cards by name.
    cards: dict[str, str]
    # The valid profiles.
    profiles: list[SelectedProfile]


class Use(NamedTuple):
    """A profile of the fleet, the hosts that declare it, and its cards as (host, card, model)."""

    name: str
    select: Any
    hosts: list[str]
    cards: list[tuple[str, str, str]]


def selection(profiles: Any, facts: Any) -> Selection:
    """Return the result of :func:`of_host`; raise ``AnsibleFilterError`` on errors."""
    if expression.MISSING:
        raise AnsibleFilterError(f"vfio_profiles cannot be read. {expression.missing()}")
    with errors_of_filter("selection", "selection takes profiles and facts"):
        profiles, facts = plain(profiles, "vfio_profiles"), plain(facts, "the facts of the host")
    refuse("selection needs the facts that vfio.devices.mdev_facts gathers:", facts_of_host.problems(facts))
    return of_host(profiles, facts)


def selection_warnings(selections: Any, with_profiles: Any = ()) -> list[str]:
    """Return the result of :func:`warnings`; raise ``AnsibleFilterError`` on errors."""
    with errors_of_filter("selection_warnings", "selection_warnings takes what selection returns for each host"):
        return warnings(plain(selections, "the selections"), plain(list(with_profiles), "with_profiles"))


def fleet_refusals(errors: Any) -> dict[str, str]:
    """Return the result of :func:`refusals`; raise ``AnsibleFilterError`` on errors."""
    with errors_of_filter("fleet_refusals", "fleet_refusals takes a dictionary of lists of texts by host name"):
        return refusals(plain(errors, "the errors"))


def of_host(profiles: Any, facts: Facts) -> Selection:
    """Return what the profiles of one host select.

    An invalid profile is skipped, because the plan of the host reports its errors.
    """
    parsed, problems = declaration.parse(profiles)
    parsed = [one for one in parsed if one["valid"]]
    by_name = subjects(facts)
    models = {name: model(subject) for name, subject in by_name.items()}
    cards: dict[str, dict[str, str]] = {profile["name"]: {} for profile in parsed}
    for profile, subject in select([{**one, "required": False} for one in parsed], by_name, []):
        cards[profile["name"]][subject["name"]] = models[subject["name"]]
    for profile in parsed:
        # A profile may also have only the audio function of a GPU.
        if not cards[profile["name"]]:
            cards[profile["name"]] = dict.fromkeys(iommu_groups.companions(profile["names"], facts), UNKNOWN)
    lacking = {one["name"]: missing(one["names"], by_name, iommu_groups.others(facts)) for one in parsed}
    listed = [one for one in profiles if isinstance(one, dict)] if isinstance(profiles, list) else []
    selects = {
        one["name"]: one["select"] for one in listed if isinstance(one.get("name"), str) and one["name"] in cards
    }
    return {
        "declared": bool(profiles),
        "valid": not problems,
        "cards": models,
        "profiles": [
            {
                "name": one["name"],
                "owner": one["owner"],
                "select": selects[one["name"]],
                "cards": cards[one["name"]],
                "missing": lacking[one["name"]],
                "lacks": lacks(lacking[one["name"]], by_name) if lacking[one["name"]] else "",
            }
            for one in parsed
        ],
    }


def missing_cards(host: Selection, texts: Iterable[str]) -> list[str]:
    """Return a sentence for each profile of which the host has only some cards of its list.

    A list without any card on the host can be for other hosts, unless one of ``texts`` names its missing card. These
    are the settings of the host and the errors of its records.
    """
    known = "\n".join(texts)
    return [
        f"profile {one['name']}: {one['lacks']} Correct select, or run lspci on the host to check the card"
        for one in host["profiles"]
        if one["missing"] and (one["cards"] or any(name in known for name in one["missing"]))
    ]


def model(subject: Subject) -> str:
    """Return vendor and product, or the bus of a parent that is not a PCI function."""
    if subject.get("vendor_id") and subject.get("product_id"):
        return f"{subject['vendor_id']}:{subject['product_id']}"
    return str(subject.get("bus") or UNKNOWN)


def warnings(hosts: Mapping[str, Selection], with_profiles: Iterable[str] = ()) -> list[str]:
    """Return sentences for each mistake; ``with_profiles`` are hosts outside of the run that declare profiles."""
    others = list(with_profiles)
    found = _undeclared(hosts, others)
    for use in _uses(hosts):
        if use.cards and isinstance(use.select, list):
            found += _different_models(use)
        # With --limit, a profile may be for the other hosts.
        elif not use.cards and not others:
            found.append(_selects_nothing(use, hosts))
    idle = [host for host, one in hosts.items() if one["declared"] and one["valid"] and not _selects_any(one)]
    if idle and (others or len(idle) < sum(one["declared"] for one in hosts.values())):
        cards = f" {_cards_of(idle, hosts)}" if others else ""
        found.append(f"No profile selects a card on {_some(idle)}. {NO_CARD}{cards}")
    return found


def _selects_any(host: Selection) -> bool:
    return any(profile["cards"] for profile in host["profiles"])


def _undeclared(hosts: Mapping[str, Selection], others: list[str]) -> list[str]:
    lacking = [host for host, one in hosts.items() if not one["declared"]]
    if not lacking:
        return []
    sentence = f"vfio_profiles is empty or not set for {_some(lacking)}, so nothing is configured there."
    if others and len(lacking) == len(hosts):
        return [
            f"{sentence} The hosts with vfio_profiles are {_some(others)}, and --limit leaves them out. Correct "
            "--limit, or set vfio_profiles in group_vars of a group that has these hosts."
        ]
    if len(lacking) == len(hosts):
        return [f"{sentence} Set vfio_profiles in group_vars/all.yml next to the inventory, or for a group."]
    return [sentence]


def _uses(hosts: Mapping[str, Selection]) -> list[Use]:
    """Merge profiles of several hosts that have the same name and ``select``."""
    found: dict[str, Use] = {}
    for host, one in hosts.items():
        for profile in one["profiles"]:
            key = json.dumps([profile["name"], profile["select"]])
            use = found.setdefault(key, Use(profile["name"], profile["select"], [], []))
            use.hosts.append(host)
            use.cards.extend((host, *card) for card in profile["cards"].items())
    return list(found.values())


def _selects_nothing(use: Use, hosts: Mapping[str, Selection]) -> str:
    return (
        f"Profile {use.name} selects no card on {_some(use.hosts)}. No card meets select: {_shown(use.select)}. "
        f"{_cards_of(use.hosts, hosts)}"
    )


def _cards_of(names: list[str], hosts: Mapping[str, Selection]) -> str:
    """Return a sentence with the models of all cards of some hosts, and where to read more."""
    whose = "Its" if len(names) == 1 else "Their"
    counts: dict[str, int] = {}
    for host in names:
        for name in hosts[host]["cards"].values():
            counts[name] = counts.get(name, 0) + 1
    shown = [f"{count} x {name}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1])]
    if not shown:
        return f"{'It has' if len(names) == 1 else 'They have'} no card to share."
    rest = len(shown) - SHOWN_MODELS
    more = f" and {rest} more model{'' if rest == 1 else 's'}" if rest > 0 else ""
    models = ", ".join(shown[:SHOWN_MODELS])
    return f"{whose} cards are {models}{more}. Run `ansible-playbook -i INVENTORY vfio.devices.discover` to show them."


def _different_models(use: Use) -> list[str]:
    first: dict[str, str] = {}
    for host, card, name in use.cards:
        first.setdefault(name, f"{name} ({card} on {host})")
    if len(first) < 2:
        return []
    shown = list(first.values())
    return [
        f"Profile {use.name} selects cards of different models by one list: {shorten(shown, SHOWN)}. Addresses "
        "differ between hosts. Move the list to host_vars, or select by vendor_id and product_id."
    ]


def _some(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{shorten(names, SHOWN)} ({len(names)} hosts)"


def _shown(select: Any) -> str:
    text = select if isinstance(select, str) else json.dumps(select)
    return text if len(text) <= 120 else f"{text[:120]}..."


def refusals(hosts: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the errors of each host as text; hosts with the same errors refer to the first one."""
    same: dict[str, list[str]] = {}
    for host, lines in hosts.items():
        if lines:
            same.setdefault("\n".join(lines), []).append(host)
    texts = {}
    for text, names in same.items():
        for host in names:
            texts[host] = f"vfio_profiles has the same errors on this host as on {names[0]}. See {names[0]}."
        also = f"\nThe same errors: {_some(names)}." if len(names) > 1 else ""
        texts[names[0]] = f"{text}{also}"
    return texts
