# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan a host from its profiles and facts: each card with its desired state, and the lists for modules."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER, CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import empty_plan, of_card, shares_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import plain
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile, Scheduler
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import (
    card_plan,
    declaration,
    expression,
    iommu_groups,
    scheduler,
    selection,
    unselected,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import facts as facts_of_host


def resolve(profiles: Any, facts: Any) -> Plan:
    """Return the plan of a host; raise ``AnsibleFilterError`` with a sentence for each conflict."""
    if expression.MISSING:
        raise AnsibleFilterError(f"vfio_profiles cannot be read. {expression.missing()}")
    try:
        profiles, facts = plain(profiles, "vfio_profiles"), plain(facts, "the facts of the host")
    except ValueError as error:
        raise AnsibleFilterError(f"resolve: {error}") from error
    refuse("resolve needs the facts that vfio.devices.mdev_facts gathers:", facts_of_host.problems(facts))
    found, problems = plan(profiles, facts)
    refuse("vfio_profiles cannot be used on this host:", problems)
    return found


def plan(profiles: Any, facts: Facts) -> tuple[Plan, list[str]]:
    """Return the plan of the host and a sentence for each conflict; with conflicts, the plan is invalid."""
    parsed, problems = declaration.parse(profiles)
    result = empty_plan()
    cards = result["cards"]
    shared = iommu_groups.members(facts["physical_functions"])
    subjects = selection.subjects(facts)
    selected = set()
    schedulers: dict[str, Scheduler] = {}
    for profile, subject in selection.select(parsed, subjects, problems, iommu_groups.others(facts)):
        selected.add(subject["name"])
        if not profile["complete"]:
            continue
        found: list[str] = []
        card = card_plan.create(profile, subject, shared)
        cards.append(card)
        card_plan.fill(card, profile, subjects, result, found)
        wanted = profile["vgpu_scheduler"]
        if wanted and profile["vgpu"]:
            wrong = scheduler.problems(wanted, profile, card, subject)
            found += wrong
            schedulers.update({} if wrong else {card["name"]: wanted})
        found += dict.fromkeys(line for one in shares_of(card) for line in BY_OWNER[card["owner"]].check_card(one))
        problems += [of_card(card, sentence) for sentence in found]
    _plan_companions(parsed, facts, result, problems)
    problems += scheduler.differences(schedulers, facts)
    problems += _check_hosts(cards)
    result["unselected"] = unselected.of_host(subjects, selected)
    _sort(result)
    return result, problems


def _check_hosts(cards: list[Card]) -> list[str]:
    """Return the problems of all cards of each cloud together, without cards in several profiles."""
    planned = Counter(card["name"] for card in cards)
    problems = []
    for cloud in CLOUDS:
        own = [card for card in cards if card["owner"] == cloud.OWNER and planned[card["name"]] == 1]
        problems += cloud.check_host([one for card in own for one in shares_of(card)])
    return problems


def _plan_companions(profiles: list[Profile], facts: Facts, result: Plan, problems: list[str]) -> None:
    """Add the functions of profiles that only have to be passed through with a card of their IOMMU group."""
    claims: dict[str, list[Profile]] = {}
    for profile in profiles:
        label = f"profile {profile['name']}"
        for name in iommu_groups.companions(profile["names"], facts) if profile["complete"] else ():
            claims.setdefault(name, []).append(profile)
            if profile["mode"] == "pf":
                result["functions"].append({"pf": name, **(profile["function"] or {}), "label": label})
            else:
                problems.append(f"{label}: {name} has neither virtual functions nor vGPUs, so it requires mode: pf")
    problems += selection.in_several(claims)


def _sort(result: Plan) -> None:
    lists: Any = result
    for entries in lists.values():
        entries.sort(key=lambda entry: entry.get("name") or entry.get("pf") or entry["parent"])
