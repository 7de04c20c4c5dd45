# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the data of the report from facts, profiles and providers of many hosts."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import plan as plan_of
from ansible_collections.vfio.devices.plugins.plugin_utils._report import drift, totals
from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards import describe, in_order
from ansible_collections.vfio.devices.plugins.plugin_utils._report.placement import compare, trees
from ansible_collections.vfio.devices.plugins.plugin_utils._report.remedies import remedy_for

EMPTY_PLAN = {"cards": [], "functions": [], "later": []}


def build(facts_by_host, profiles, placement, roots, groups=None):
    """Return the content of the page.

    ``profiles``, ``roots`` and ``groups`` are by host; ``placement`` has a result of placement_inventory_info per
    cloud. A host without facts is only listed.
    """
    read = [result for result in placement if "providers" in result]
    published = {root: found for result in read for root, found in trees(result).items()} if read else None
    failed = [result for result in placement if "providers" not in result]
    # If a cloud did not answer, it is unknown whether its hosts have providers there.
    unknown = set(roots.values()) - {root for result in read for root in result.get("missing", [])} if failed else set()
    hosts = [
        _host(name, facts, profiles.get(name) or [], published, roots.get(name, name), unknown)
        for name, facts in sorted(facts_by_host.items(), key=lambda item: in_order(item[0]))
    ]
    findings = [{**finding, "host": host} for host in hosts for finding in host["findings"]]
    for reason in dict.fromkeys(result.get("msg", "no reason was given") for result in failed):
        findings.append({**_finding("problem", f"Placement was not read: {reason}"), "host": None})
    for number, host in enumerate(hosts, 1):
        host["anchor"] = f"host-{number}"
        host["groups"] = (groups or {}).get(host["name"]) or []
    cards = [card for host in hosts for card in host["cards"]]
    classes = [row for card in cards for row in card["classes"]]
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
        "numbers": totals.numbers(hosts, cards, findings),
    }


def _host(name, facts, profiles, published, root, unknown):
    if facts is None:
        text = "no facts, because the host was not reached or the read failed. Read the output of the play"
        return {
            "name": name,
            "cards": [],
            "nodes": [],
            "other": [],
            "guests": 0,
            "kernel": None,
            **_judged([_finding("problem", text)]),
        }
    subjects = selection.subjects(facts)
    versions = facts.get("versions") or {}
    plan, findings = _plan(profiles, facts)
    planned = {card["name"]: card for card in plan["cards"]}
    functions = {entry["pf"]: entry for entry in plan["functions"]}
    findings += _of_facts(facts, subjects)
    for card in plan["cards"]:
        lines = drift.of_card(card, subjects[card["name"]], functions.get(card["name"]))
        findings += [_finding("drift", line, card["name"]) for line in lines]
    for entry in plan["later"]:
        if not any(finding["card"] == entry["name"] for finding in findings):
            findings.append(_finding("note", f"no plan for its vGPUs yet: {entry['reason']}", entry["name"]))
    entries, other = {}, []
    if published is not None and root:
        if root in published:
            entries, other, differing = compare(published[root], subjects, planned, root)
            findings += [_finding("drift", line, card) for card, line in differing]
        elif subjects and root not in unknown:
            findings.append(_finding("drift", "no provider of the host in Placement, so its cards have no providers"))
    cards = []
    for card in subjects.values():
        entry = entries.get(card["name"], {"providers": [], "has": None})
        classes = totals.classes(entry["providers"], entry["has"])
        reserved = sum(row["reserved"] for row in classes)
        described = describe(card, planned.get(card["name"]), reserved, versions.get("drivers"))
        # Most provider names begin with the root, which the page shows above them.
        described["providers"] = [{**one, "label": one["name"].removeprefix(f"{root}_")} for one in entry["providers"]]
        described["classes"] = classes
        described["findings"] = [finding for finding in findings if finding["card"] == card["name"]]
        cards.append(described)
    cards.sort(key=lambda card: (card["numa_node"] is None, card["numa_node"], card["name"]))
    return {
        "name": name,
        "cards": cards,
        "nodes": [(node, list(members)) for node, members in groupby(cards, key=lambda card: card["numa_node"])],
        "other": other,
        "guests": len(_guests(cards)),
        "kernel": versions.get("kernel"),
        **_judged(findings),
    }


def _finding(level, text, card=None):
    """Return a finding with its remedy; the text does not name the card."""
    return {"level": level, "card": card, "text": text, "remedy": remedy_for(level, text)}


def _judged(findings):
    findings = sorted(findings, key=lambda finding: totals.LEVELS.index(finding["level"]))
    return {"findings": findings, "level": findings[0]["level"] if findings else "ok"}


def _plan(profiles, facts):
    """Return the plan of the host, empty on conflicts, and the findings about conflicts."""
    if not profiles:
        return EMPTY_PLAN, []
    plan, problems = plan_of(profiles, facts)
    if problems:
        return EMPTY_PLAN, [_finding("problem", f"profiles that do not fit the host: {line}") for line in problems]
    return plan, []


def _of_facts(facts, subjects):
    """Return findings that depend only on facts."""
    found = [_finding("problem", f"not readable: {line}") for line in facts.get("warnings", [])]
    cards = {parent["name"]: parent["physical_function"] or parent["name"] for parent in facts["parents"]}
    states = Counter()
    for device in facts["devices"]:
        if device["parent"] not in cards:
            level = "problem" if device["autostart"] else "note"
            found.append(_finding(level, f"a device defined on {device['parent']}, which currently offers no devices"))
        elif device["state"] == "removing" or (device["state"] == "defined" and device["autostart"]):
            states[cards[device["parent"]], device["state"]] += 1
    if any(device["autostart"] for device in facts["devices"]) and not _are_made_at_boot(facts.get("mdevctl")):
        text = f"no service restores the devices at boot: {_why(facts['mdevctl'])}, and the role boot was not applied"
        found.append(_finding("problem", text))
    words = {"removing": "removed, but still in use", "defined": "declared to start at boot, but missing"}
    for (card, state), number in states.items():
        found.append(_finding("problem", f"{words[state]}: {number} of its devices", card))
    given = {name: card for name, card in subjects.items() if card.get("mode") in ("pf", "vf")}
    iommu = facts.get("iommu") or {"enabled": True, "shared_groups": []}
    if given and not iommu["enabled"]:
        found.append(_finding("problem", "the IOMMU is off, so no PCI device can be passed through"))
    whole = {name for name, card in given.items() if card["mode"] == "pf"}
    for group in iommu["shared_groups"]:
        for name in sorted(whole & set(group["devices"])):
            others = ", ".join(address for address in group["devices"] if address != name)
            text = f"in one IOMMU group with {others}, so it can only be passed through together with it"
            found.append(_finding("problem", text, name))
    if any(one.get("users", []) is None for one in (*facts["devices"], *facts["physical_functions"])):
        found.append(_finding("note", "the users were not read, so all devices look free"))
    return found


def _are_made_at_boot(mdevctl):
    return mdevctl is None or mdevctl["udev_works"] or bool(mdevctl["restore_unit"])


def _why(mdevctl):
    """Return why mdevctl creates no devices at boot."""
    if not mdevctl["program"]:
        return "mdevctl is not installed"
    if not mdevctl["udev_program"]:
        return "udev has no rule that starts mdevctl"
    return f"the udev rule calls {mdevctl['udev_program']}, which does not exist"


def _guests(cards):
    users = [user for card in cards for user in card["users"]]
    users += [user for card in cards for device in card["held"] for user in device["users"]]
    return {user["guest"] for user in users if user["guest"]}
