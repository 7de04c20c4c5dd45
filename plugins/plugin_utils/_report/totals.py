# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute totals of the report over cards and hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards import in_order
from ansible_collections.vfio.devices.plugins.plugin_utils._report.model import (
    AffectedHost,
    Bar,
    ClassRow,
    Finding,
    HostName,
    MergedClass,
    MergedFinding,
    Numbers,
    OfferTotal,
    ProviderEntry,
    ReportedCard,
    ReportedHost,
    TypeTotal,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._report.remedies import cause

# Ordered by severity; these are also names of CSS classes.
LEVELS = ("problem", "drift", "note")


def findings(found: Iterable[tuple[Finding, HostName | None]]) -> list[MergedFinding]:
    """Merge findings with the same cause on several hosts and cards, ordered by severity and frequency."""
    groups: dict[tuple[str, str], list[tuple[Finding, HostName | None]]] = {}
    for finding, host in found:
        groups.setdefault((finding["level"], cause(finding["text"])), []).append((finding, host))
    merged = [_merged_finding(group) for group in groups.values()]
    return sorted(merged, key=lambda group: (LEVELS.index(group["level"]), -group["number"]))


def _merged_finding(group: list[tuple[Finding, HostName | None]]) -> MergedFinding:
    first, _host = group[0]
    texts = Counter(finding["text"] for finding, _host in group)
    hosts: dict[str, HostName] = {}
    cards: dict[str, set[str]] = {}
    for finding, host in group:
        if host:
            hosts[host["name"]] = host
            cards.setdefault(host["name"], set()).update([finding["card"]] if finding["card"] else [])
    affected: list[AffectedHost] = [
        {"name": name, "anchor": host["anchor"], "cards": sorted(cards[name])} for name, host in hosts.items()
    ]
    return {
        "level": first["level"],
        "text": texts.most_common(1)[0][0],
        "similar": len(texts) - 1,
        "remedy": first["remedy"],
        "number": len(group),
        "cards": sum(len(host["cards"]) for host in affected),
        "hosts": affected,
    }


def types(bars: Iterable[tuple[str, Bar]]) -> list[TypeTotal]:
    """Merge bars with the same name of all hosts, the largest first."""
    by_name: dict[str, list[tuple[str, Bar]]] = {}
    for host, amount in bars:
        by_name.setdefault(amount["name"], []).append((host, amount))
    totals: list[TypeTotal] = [
        {
            "name": name,
            "hosts": len({host for host, _amount in listed}),
            "cards": len(listed),
            "used": sum(amount["used"] for _host, amount in listed),
            "reserved": sum(amount["reserved"] for _host, amount in listed),
            "free": sum(amount["free"] for _host, amount in listed),
            "total": sum(amount["total"] for _host, amount in listed),
        }
        for name, listed in by_name.items()
    ]
    return sorted(totals, key=lambda total: (-total["total"], total["name"]))


def offers(cards: Iterable[ReportedCard]) -> list[OfferTotal]:
    """Return types that cards without such devices offer: number of devices and cards."""
    found: dict[str, OfferTotal] = {}
    for card in cards:
        shown = {amount["name"] for amount in card["bars"]}
        for one in card["types"]:
            if one["free"] and one["name"] not in shown:
                offer = found.setdefault(one["name"], {"name": one["name"], "free": 0, "cards": 0})
                offer["free"] += one["free"]
                offer["cards"] += 1
    return sorted(found.values(), key=lambda offer: in_order(offer["name"]))


def classes(providers: Iterable[ProviderEntry], has: int | None) -> list[MergedClass]:
    """Merge providers of one card by resource class; ``has`` is the number of devices on the host, or None."""
    found = merged({**one, "providers": 1, "has": None} for provider in providers for one in provider["classes"])
    if len(found) == 1:
        found[0]["has"] = has
    return found


def merged(rows: Iterable[ClassRow]) -> list[MergedClass]:
    """Merge rows of the same resource class, the largest first; one unknown number makes the sum unknown."""
    by_name: dict[str, list[ClassRow]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    sums = [_merged_class(name, listed) for name, listed in by_name.items()]
    return sorted(sums, key=lambda row: (-row["total"], row["name"]))


def _merged_class(name: str, rows: list[ClassRow]) -> MergedClass:
    total, reserved = sum(row["total"] for row in rows), sum(row["reserved"] for row in rows)
    used = _sum(row["used"] for row in rows)
    return {
        "name": name,
        "providers": sum(row["providers"] for row in rows),
        "total": total,
        "reserved": reserved,
        "used": used,
        "has": _sum(row["has"] for row in rows),
        "free": None if used is None else max(0, total - reserved - used),
    }


def _sum(numbers_of_rows: Iterable[int | None]) -> int | None:
    known = list(numbers_of_rows)
    return None if None in known else sum(number or 0 for number in known)


def numbers(hosts: list[ReportedHost], cards: list[ReportedCard], found: Iterable[Finding]) -> Numbers:
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
