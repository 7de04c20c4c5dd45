# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute totals of the report over cards and hosts."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards import in_order
from ansible_collections.vfio.devices.plugins.plugin_utils._report.remedies import cause

# Ordered by severity; these are also names of CSS classes.
LEVELS = ("problem", "drift", "note")


def findings(found):
    """Merge findings with the same cause on several hosts and cards, ordered by severity and frequency.

    Each has the number of its ``cards``, and ``hosts`` with the names of their cards.
    """
    groups = {}
    for one in found:
        key = (one["level"], cause(one["text"]))
        group = groups.setdefault(
            key, {"level": one["level"], "texts": {}, "remedy": one["remedy"], "number": 0, "hosts": {}}
        )
        group["number"] += 1
        group["texts"][one["text"]] = group["texts"].get(one["text"], 0) + 1
        host = one["host"] or {"name": None}
        entry = group["hosts"].setdefault(host["name"], {**host, "cards": set()})
        if one["card"]:
            entry["cards"].add(one["card"])
    merged = [
        {
            **group,
            "text": max(group["texts"], key=group["texts"].get),
            "similar": len(group["texts"]) - 1,
            "cards": sum(len(host["cards"]) for host in group["hosts"].values()),
            "hosts": [{**host, "cards": sorted(host["cards"])} for name, host in group["hosts"].items() if name],
        }
        for group in groups.values()
    ]
    return sorted(merged, key=lambda group: (LEVELS.index(group["level"]), -group["number"]))


def types(bars):
    """Merge bars with the same name of all hosts, the largest first."""
    totals = {}
    for host, amount in bars:
        total = totals.setdefault(amount["name"], {"name": amount["name"], "hosts": set(), "cards": 0})
        total["hosts"].add(host)
        total["cards"] += 1
        for key in ("used", "reserved", "free", "total"):
            total[key] = total.get(key, 0) + amount[key]
    merged = [{**total, "hosts": len(total["hosts"])} for total in totals.values()]
    return sorted(merged, key=lambda total: (-total["total"], total["name"]))


def offers(cards):
    """Return types that cards without such devices offer: number of devices and cards."""
    found = {}
    for card in cards:
        shown = {amount["name"] for amount in card["bars"]}
        for one in card["types"]:
            if one["free"] and one["name"] not in shown:
                offer = found.setdefault(one["name"], {"name": one["name"], "free": 0, "cards": 0})
                offer["free"] += one["free"]
                offer["cards"] += 1
    return sorted(found.values(), key=lambda offer: in_order(offer["name"]))


def classes(providers, has):
    """Merge providers of one card by resource class; ``has`` is the number of devices on the host, or None."""
    rows = [{**one, "providers": 1} for provider in providers for one in provider["classes"]]
    found = merged({**row, "has": None} for row in rows)
    if len(found) == 1:
        found[0]["has"] = has
    return found


def merged(rows):
    """Merge rows of the same resource class, the largest first; one unknown number makes the sum unknown."""
    by_name = {}
    for row in rows:
        sums = by_name.setdefault(row["name"], {"name": row["name"]})
        for key in ("providers", "total", "reserved", "used", "has"):
            before = sums.get(key, 0)
            sums[key] = None if None in (before, row[key]) else before + row[key]
    for sums in by_name.values():
        used = sums["used"]
        sums["free"] = None if used is None else max(0, sums["total"] - sums["reserved"] - used)
    return sorted(by_name.values(), key=lambda row: (-row["total"], row["name"]))


def numbers(hosts, cards, found):
    return {
        "hosts": len(hosts),
        "cards": len(cards),
        "guests": sum(host["guests"] for host in hosts),
        "used": sum(amount["used"] for card in cards for amount in card["bars"]),
        "reserved": sum(amount["reserved"] for card in cards for amount in card["bars"]),
        "free": sum(amount["free"] for card in cards for amount in card["bars"]),
        "problems": sum(finding["level"] == "problem" for finding in found),
        "drift": sum(finding["level"] == "drift" for finding in found),
        "hosts_with_findings": sum(host["level"] in ("problem", "drift") for host in hosts),
    }
