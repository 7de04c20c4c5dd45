# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""From facts, profiles and providers of many hosts to the data of the report."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from ansible_collections.vfio.devices.plugins.plugin_utils import (
    _host_plan,
    _report_cards,
    _report_drift,
    _report_placement,
    _selection,
)

# The worst first; also the names of CSS classes.
LEVELS = ("problem", "drift", "note")
EMPTY_PLAN = {"cards": [], "functions": [], "later": []}


def build(facts_by_host, profiles, placement, roots):
    """All that the page shows.

    ``profiles`` and ``roots`` are by host; ``placement`` is a result of placement_inventory_info, or None. Without
    facts a host is only named.
    """
    trees = _report_placement.trees(placement) if placement and "providers" in placement else None
    hosts = [
        _host(name, facts, profiles.get(name) or [], trees, roots.get(name, name))
        for name, facts in sorted(facts_by_host.items(), key=lambda item: _report_cards.in_order(item[0]))
    ]
    findings = [{**finding, "host": host} for host in hosts for finding in host["findings"]]
    if placement and trees is None:
        text = f"no answer from Placement: {placement.get('msg', 'no reason was given')}"
        findings.append({"level": "problem", "card": None, "text": text, "host": None})
    for number, host in enumerate(hosts, 1):
        host["anchor"] = f"host-{number}"
    cards = [card for host in hosts for card in host["cards"]]
    return {
        "hosts": hosts,
        "findings": _grouped(findings),
        "types": _total([(host["name"], bar) for host in hosts for card in host["cards"] for bar in card["bars"]]),
        "offers": _offers(cards),
        "classes": _classes(hosts),
        "has_placement": trees is not None,
        "has_profiles": any(profiles.values()),
        "numbers": _numbers(hosts, cards, findings),
    }


def _host(name, facts, profiles, trees, root):
    if facts is None:
        text = "no facts, because the host was not reached or reading failed; the output of the play tells why"
        return {
            "name": name,
            "cards": [],
            "nodes": [],
            "other": [],
            "guests": 0,
            **_judged([_finding("problem", text)]),
        }
    subjects = _selection.subjects(facts)
    plan, findings = _plan(profiles, facts)
    planned = {card["name"]: card for card in plan["cards"]}
    functions = {entry["pf"]: entry for entry in plan["functions"]}
    findings += _of_facts(facts, subjects)
    for card in plan["cards"]:
        lines = _report_drift.of_card(card, subjects[card["name"]], functions.get(card["name"]))
        findings += [_finding("drift", line, card["name"]) for line in lines]
    for entry in plan["later"]:
        if not any(finding["card"] == entry["name"] for finding in findings):
            findings.append(_finding("note", f"no plan for its vGPUs yet: {entry['reason']}", entry["name"]))
    entries, other = {}, []
    if trees is not None:
        if root in trees:
            entries, other, drift = _report_placement.compare(trees[root], subjects, planned, root)
            findings += [_finding("drift", line, card) for card, line in drift]
        elif subjects:
            findings.append(_finding("drift", "no provider of the host in Placement, and so none of its cards"))
    cards = []
    for card in subjects.values():
        mine = entries.get(card["name"], [])
        reserved = sum(one["reserved"] for entry in mine for one in entry["classes"])
        described = _report_cards.describe(card, planned.get(card["name"]), reserved)
        described["providers"] = mine
        described["classes"] = _classes_of(mine)
        described["findings"] = [finding for finding in findings if finding["card"] == card["name"]]
        cards.append(described)
    cards.sort(key=lambda card: (card["numa_node"] is None, card["numa_node"], _report_cards.in_order(card["name"])))
    return {
        "name": name,
        "cards": cards,
        "nodes": [(node, list(members)) for node, members in groupby(cards, key=lambda card: card["numa_node"])],
        "other": other,
        "guests": len(_guests(cards)),
        **_judged(findings),
    }


def _finding(level, text, card=None):
    """What is wrong, in words that do not name the card."""
    return {"level": level, "card": card, "text": text}


def _judged(findings):
    findings = sorted(findings, key=lambda finding: LEVELS.index(finding["level"]))
    return {"findings": findings, "level": findings[0]["level"] if findings else "ok"}


def _plan(profiles, facts):
    """The plan of the host, as far as there is one, and its conflicts."""
    if not profiles:
        return EMPTY_PLAN, []
    plan, problems = _host_plan.plan(profiles, facts)
    if problems:
        return EMPTY_PLAN, [_finding("problem", f"profiles that do not fit the host: {line}") for line in problems]
    return plan, []


def _of_facts(facts, subjects):
    """What the facts alone tell that somebody should look at."""
    found = [_finding("problem", f"not readable: {line}") for line in facts.get("warnings", [])]
    cards = {parent["name"]: parent["physical_function"] or parent["name"] for parent in facts["parents"]}
    states = Counter()
    for device in facts["devices"]:
        if device["parent"] not in cards:
            found.append(_finding("problem", f"a device defined on {device['parent']}, which makes none now"))
        elif device["state"] == "removing" or (device["state"] == "defined" and device["autostart"]):
            states[cards[device["parent"]], device["state"]] += 1
    words = {"removing": "removed, and still held open by its user", "defined": "to be made at boot, and not there"}
    for (card, state), number in states.items():
        found.append(_finding("problem", f"{words[state]}: {number} of its devices", card))
    given = {name: card for name, card in subjects.items() if card.get("mode") in ("pf", "vf")}
    iommu = facts.get("iommu") or {"enabled": True, "shared_groups": []}
    if given and not iommu["enabled"]:
        found.append(_finding("problem", "the IOMMU is off, so that no PCI device can be given to a guest"))
    for group in iommu["shared_groups"]:
        for name in sorted(set(group["devices"]) & {name for name, card in given.items() if card["mode"] == "pf"}):
            others = ", ".join(address for address in group["devices"] if address != name)
            found.append(
                _finding("problem", f"in one IOMMU group with {others}, and only to be given away with it", name)
            )
    if any(one.get("users", []) is None for one in (*facts["devices"], *facts["physical_functions"])):
        found.append(_finding("note", "nobody looked who holds the devices, so all of them seem free"))
    return found


def _grouped(findings):
    """What is the same on several hosts and cards once, the worst and most frequent first."""
    groups = {}
    for finding in findings:
        groups.setdefault((finding["level"], finding["text"]), []).append(finding)
    return [
        {
            "level": level,
            "text": text,
            "cards": list(dict.fromkeys(finding["card"] for finding in members if finding["card"])),
            "hosts": list(
                {finding["host"]["name"]: finding["host"] for finding in members if finding["host"]}.values()
            ),
        }
        for (level, text), members in sorted(groups.items(), key=lambda item: (LEVELS.index(item[0][0]), -len(item[1])))
    ]


def _total(bars):
    """Bars of the same name of all hosts together, the largest first."""
    totals = {}
    for host, bar in bars:
        total = totals.setdefault(bar["name"], {"name": bar["name"], "hosts": set(), "cards": 0})
        total["hosts"].add(host)
        total["cards"] += 1
        for key in ("used", "reserved", "free", "total"):
            total[key] = total.get(key, 0) + bar[key]
    merged = [{**total, "hosts": len(total["hosts"])} for total in totals.values()]
    return sorted(merged, key=lambda total: (-total["total"], total["name"]))


def _offers(cards):
    """Types that cards without any device of them can make now: how many, and on how many cards."""
    offers = {}
    for card in cards:
        shown = {bar["name"] for bar in card["bars"]}
        for one in card["types"]:
            if one["free"] and one["name"] not in shown:
                offer = offers.setdefault(one["name"], {"name": one["name"], "free": 0, "cards": 0})
                offer["free"] += one["free"]
                offer["cards"] += 1
    return sorted(offers.values(), key=lambda offer: _report_cards.in_order(offer["name"]))


def _classes_of(entries):
    """The numbers of the providers of one card by resource class, and what the host has for them, if that is known."""
    classes = {}
    for entry in entries:
        for one in entry["classes"]:
            sums = classes.setdefault(one["name"], {"name": one["name"], "providers": 0, "total": 0, "reserved": 0})
            sums["providers"] += 1
            for key, value in (("total", one["total"]), ("reserved", one["reserved"]), ("used", one["used"])):
                sums[key] = None if None in (value, sums.get(key, 0)) else sums.get(key, 0) + value
            has = entry["has"] if len(entry["classes"]) == 1 else None
            sums["has"] = None if None in (has, sums.get("has", 0)) else sums.get("has", 0) + has
    for sums in classes.values():
        used = sums["used"]
        sums["free"] = None if used is None else max(0, sums["total"] - sums["reserved"] - used)
    return list(classes.values())


def _classes(hosts):
    """The resource classes of all providers that stand for devices."""
    entries = [entry for host in hosts for card in host["cards"] for entry in card["providers"]]
    entries += [entry for host in hosts for entry in host["other"]]
    return sorted(_classes_of(entries), key=lambda one: (-one["total"], one["name"]))


def _guests(cards):
    users = [user for card in cards for user in card["users"]]
    users += [user for card in cards for device in card["held"] for user in device["users"]]
    return {user["guest"] for user in users if user["guest"]}


def _numbers(hosts, cards, findings):
    return {
        "hosts": len(hosts),
        "cards": len(cards),
        "guests": sum(host["guests"] for host in hosts),
        "used": sum(bar["used"] for card in cards for bar in card["bars"]),
        "reserved": sum(bar["reserved"] for card in cards for bar in card["bars"]),
        "free": sum(bar["free"] for card in cards for bar in card["bars"]),
        "problems": sum(finding["level"] == "problem" for finding in findings),
        "drift": sum(finding["level"] == "drift" for finding in findings),
        "hosts_with_findings": sum(host["level"] in ("problem", "drift") for host in hosts),
    }
