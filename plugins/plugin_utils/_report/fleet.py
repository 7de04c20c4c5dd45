# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the data of the report from facts, profiles and providers of many hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any, TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import empty_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import plan as plan_of
from ansible_collections.vfio.devices.plugins.plugin_utils._report import drift, totals
from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards import describe, in_order
from ansible_collections.vfio.devices.plugins.plugin_utils._report.model import (
    ClassRow,
    DescribedHost,
    Finding,
    HostName,
    Report,
    ReportedCard,
    ReportedHost,
    ReportedProvider,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._report.placement import (
    CardProviders,
    Comparison,
    Inventory,
    PublishedProvider,
    compare,
    trees,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._report.remedies import remedy_for

NO_PROVIDERS: CardProviders = {"providers": [], "has": None}


class Judged(TypedDict):
    """The findings of a host, and the level of the worst one."""

    findings: list[Finding]
    level: str


def build(
    facts_by_host: Mapping[str, Facts | None],
    profiles: Mapping[str, Any],
    placement: Sequence[Inventory],
    roots: Mapping[str, str],
    groups: Mapping[str, list[str]] | None = None,
) -> Report:
    """Return the content of the page.

    ``profiles``, ``roots`` and ``groups`` are by host; ``placement`` has a result of placement_inventory_info per
    cloud. A host without facts is only listed.
    """
    read = [result for result in placement if "providers" in result]
    published = {root: found for result in read for root, found in trees(result).items()} if read else None
    failed = [result for result in placement if "providers" not in result]
    # If a cloud did not answer, it is unknown whether its hosts have providers there.
    unknown = set(roots.values()) - {root for result in read for root in result.get("missing", [])} if failed else set()
    hosts: list[ReportedHost] = []
    for number, name in enumerate(sorted(facts_by_host, key=in_order), 1):
        host = _host(name, facts_by_host[name], profiles.get(name) or [], published, roots.get(name, name), unknown)
        hosts.append({**host, "anchor": f"host-{number}", "groups": (groups or {}).get(name) or []})
    findings = _findings(hosts, failed)
    cards = [card for host in hosts for card in host["cards"]]
    classes: list[ClassRow] = [row for card in cards for row in card["classes"]]
    classes += [row for host in hosts for row in totals.classes(host["other"], 0)]
    return {
        "hosts": hosts,
        "findings": totals.findings(findings),
        "types": totals.types(
            [(host["name"], amount) for host in hosts for card in host["cards"] for amount in card["bars"]]
        ),
        "offers": totals.offers(cards),
        "classes": totals.merged(classes),
        "has_placement": published is not None,
        "has_profiles": any(profiles.values()),
        "groups": sorted({group for host in hosts for group in host["groups"]}),
        "numbers": totals.numbers(hosts, cards, [finding for finding, _owner in findings]),
    }


def _findings(hosts: Sequence[ReportedHost], failed: Sequence[Inventory]) -> list[tuple[Finding, HostName | None]]:
    """Return the findings with their hosts, and one without a host for each reason why a cloud was not read."""
    findings: list[tuple[Finding, HostName | None]] = [
        (finding, {"name": host["name"], "anchor": host["anchor"]}) for host in hosts for finding in host["findings"]
    ]
    for reason in dict.fromkeys(result.get("msg", "no reason was given") for result in failed):
        findings.append((_finding("problem", f"Placement was not read: {reason}"), None))
    return findings


def _host(
    name: str,
    facts: Facts | None,
    profiles: Any,
    published: Mapping[str, list[PublishedProvider]] | None,
    root: str,
    unknown: Collection[str],
) -> DescribedHost:
    if facts is None:
        text = "no facts, because the host was not reached or the read failed. Read the output of the play"
        judged = _judged([_finding("problem", text)])
        return {"name": name, "cards": [], "nodes": [], "other": [], "guests": 0, "kernel": None, **judged}
    subjects = selection.subjects(facts)
    versions = facts.get("versions") or {}
    plan, findings = _plan(profiles, facts)
    planned = {card["name"]: card for card in plan["cards"]}
    findings += [*_of_facts(facts, subjects), *_of_plan(plan, subjects)]
    for entry in plan["later"]:
        if not any(finding["card"] == entry["name"] for finding in findings):
            findings.append(_finding("note", f"no plan for its vGPUs yet: {entry['reason']}", entry["name"]))
    compared, of_placement = _in_placement(published, subjects, planned, root, unknown)
    findings += of_placement
    cards: list[ReportedCard] = []
    for card in subjects.values():
        providers = compared.found.get(card["name"], NO_PROVIDERS)
        of_card = [finding for finding in findings if finding["card"] == card["name"]]
        cards.append(_card(card, planned.get(card["name"]), providers, root, of_card, versions.get("drivers")))
    cards.sort(key=lambda card: (card["numa_node"] is None, card["numa_node"], card["name"]))
    return {
        "name": name,
        "cards": cards,
        "nodes": [(node, list(members)) for node, members in groupby(cards, key=lambda card: card["numa_node"])],
        "other": compared.stale,
        "guests": len(_guests(cards)),
        "kernel": versions.get("kernel"),
        **_judged(findings),
    }


def _in_placement(
    published: Mapping[str, list[PublishedProvider]] | None,
    subjects: Mapping[str, Subject],
    planned: Mapping[str, Card],
    root: str,
    unknown: Collection[str],
) -> tuple[Comparison, list[Finding]]:
    """Compare the cards of a host with the tree of its root; ``unknown`` are roots that were not read."""
    compared = Comparison({}, [], [])
    if published is None or not root:
        return compared, []
    if root in published:
        compared = compare(published[root], subjects, planned, root)
        return compared, [_finding("drift", line, card) for card, line in compared.drift]
    if subjects and root not in unknown:
        missing = "no provider of the host in Placement, so its cards have no providers"
        return compared, [_finding("drift", missing)]
    return compared, []


def _card(
    card: Subject,
    planned: Card | None,
    providers: CardProviders,
    root: str,
    findings: list[Finding],
    versions: Mapping[str, str] | None,
) -> ReportedCard:
    classes = totals.classes(providers["providers"], providers["has"])
    # Most provider names begin with the root, which the page shows above them.
    entries: list[ReportedProvider] = [
        {**one, "label": one["name"].removeprefix(f"{root}_")} for one in providers["providers"]
    ]
    return {
        **describe(card, planned, sum(row["reserved"] for row in classes), versions),
        "providers": entries,
        "classes": classes,
        "findings": findings,
    }


def _finding(level: str, text: str, card: str | None = None) -> Finding:
    """Return a finding with its remedy; the text does not name the card."""
    return {"level": level, "card": card, "text": text, "remedy": remedy_for(level, text)}


def _judged(findings: list[Finding]) -> Judged:
    findings = sorted(findings, key=lambda finding: totals.LEVELS.index(finding["level"]))
    return {"findings": findings, "level": findings[0]["level"] if findings else "ok"}


def _plan(profiles: Any, facts: Facts) -> tuple[Plan, list[Finding]]:
    """Return the plan of the host, empty on conflicts, and the findings about conflicts."""
    if not profiles:
        return empty_plan(), []
    plan, problems = plan_of(profiles, facts)
    if problems:
        return empty_plan(), [_finding("problem", f"profiles that do not fit the host: {line}") for line in problems]
    return plan, []


def _of_plan(plan: Plan, subjects: Mapping[str, Subject]) -> list[Finding]:
    """Return the differences between cards and their profiles."""
    functions = {entry["pf"]: entry for entry in plan["functions"]}
    return [
        _finding("drift", line, card["name"])
        for card in plan["cards"]
        for line in drift.of_card(card, subjects[card["name"]], functions.get(card["name"]))
    ]


def _of_facts(facts: Facts, subjects: Mapping[str, Subject]) -> list[Finding]:
    """Return findings that depend only on facts."""
    found = [_finding("problem", f"not readable: {line}") for line in facts.get("warnings", [])]
    found += [*_of_devices(facts), *_of_iommu(facts, subjects)]
    if any(one.get("users", []) is None for one in (*facts["devices"], *facts["physical_functions"])):
        found.append(_finding("note", "the users were not read, so all devices look free"))
    return found


def _of_devices(facts: Facts) -> list[Finding]:
    found = []
    cards = {parent["name"]: parent["physical_function"] or parent["name"] for parent in facts["parents"]}
    states: Counter[tuple[str, str]] = Counter()
    for device in facts["devices"]:
        if device["parent"] not in cards:
            level = "problem" if device["autostart"] else "note"
            found.append(_finding(level, f"a device defined on {device['parent']}, which currently offers no devices"))
        elif device["state"] == "removing" or (device["state"] == "defined" and device["autostart"]):
            states[cards[device["parent"]], device["state"]] += 1
    mdevctl = facts.get("mdevctl")
    if mdevctl is not None and any(device["autostart"] for device in facts["devices"]):
        reason = _why_not_made_at_boot(mdevctl)
        if reason:
            text = f"no service restores the devices at boot: {reason}, and the role boot was not applied"
            found.append(_finding("problem", text))
    words = {"removing": "removed, but still in use", "defined": "declared to start at boot, but missing"}
    for (card, state), number in states.items():
        found.append(_finding("problem", f"{words[state]}: {number} of its devices", card))
    return found


def _of_iommu(facts: Facts, subjects: Mapping[str, Subject]) -> list[Finding]:
    iommu = facts.get("iommu")
    passed_through = {name: card["mode"] for name, card in subjects.items() if card.get("mode") in ("pf", "vf")}
    if not iommu:
        return []
    found = []
    if passed_through and not iommu["enabled"]:
        found.append(_finding("problem", "the IOMMU is off, so no PCI device can be passed through"))
    whole = {name for name, mode in passed_through.items() if mode == "pf"}
    for group in iommu["shared_groups"]:
        for name in sorted(whole & set(group["devices"])):
            others = ", ".join(address for address in group["devices"] if address != name)
            text = f"in one IOMMU group with {others}, so it can only be passed through together with it"
            found.append(_finding("problem", text, name))
    return found


def _why_not_made_at_boot(mdevctl: Mapping[str, object]) -> str | None:
    """Return why no service creates devices at boot, or None if one does."""
    if mdevctl["udev_works"] or mdevctl["restore_unit"]:
        return None
    if not mdevctl["program"]:
        return "mdevctl is not installed"
    if not mdevctl["udev_program"]:
        return "udev has no rule that starts mdevctl"
    return f"the udev rule calls {mdevctl['udev_program']}, which does not exist"


def _guests(cards: list[ReportedCard]) -> set[str]:
    users = [user for card in cards for user in card["users"]]
    users += [user for card in cards for device in card["held"] for user in device["users"]]
    return {user["guest"] for user in users if user["guest"]}
