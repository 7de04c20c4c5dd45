# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._report import totals


def finding(level, text, card=None, host=None):
    return {"level": level, "text": text, "card": card, "remedy": None}, host


def test_the_same_finding_of_many_is_told_once():
    hosts = [{"name": name, "anchor": f"host-{name}"} for name in ("a", "b")]

    groups = totals.findings(
        [
            finding("drift", "rare", "x", hosts[0]),
            finding("drift", "often", "z", hosts[0]),
            finding("drift", "often", "y", hosts[0]),
            finding("drift", "often", "z", hosts[1]),
            finding("problem", "bad"),
        ]
    )
    assert [(one["level"], one["text"], one["number"]) for one in groups] == [
        ("problem", "bad", 1),
        ("drift", "often", 3),
        ("drift", "rare", 1),
    ]
    assert groups[1]["cards"] == 3
    assert groups[1]["hosts"] == [{**hosts[0], "cards": ["y", "z"]}, {**hosts[1], "cards": ["z"]}]
    assert (groups[0]["cards"], groups[0]["hosts"]) == (0, [])


def test_one_line_for_each_cause():
    host = {"name": "h1", "anchor": "host-1"}
    few, many = "12 virtual functions instead of 16", "3 virtual functions instead of 16"
    (group,) = totals.findings([finding("drift", text, "x", host) for text in (few, many, many)])
    assert (group["text"], group["similar"], group["number"]) == (many, 1, 3)


def test_bars_of_one_type():
    small = {"name": "A", "used": 1, "reserved": 1, "free": 2, "total": 4}
    large = {"name": "B", "used": 0, "reserved": 0, "free": 9, "total": 9}
    assert totals.types([("h1", small), ("h1", small), ("h2", large)]) == [
        {**large, "hosts": 1, "cards": 1},
        {"name": "A", "used": 2, "reserved": 2, "free": 4, "total": 8, "hosts": 1, "cards": 2},
    ]


def test_types_of_empty_cards():
    types = [{"name": "T-10", "free": 2}, {"name": "T-2", "free": 8}, {"name": "T-1", "free": 0}]
    cards = [{"bars": [], "types": types}, {"bars": [{"name": "T-2"}], "types": types}]
    assert totals.offers(cards) == [
        {"name": "T-2", "free": 8, "cards": 1},
        {"name": "T-10", "free": 4, "cards": 2},
    ]


def row(name, total, reserved=0, used=0):
    return {"name": name, "total": total, "reserved": reserved, "used": used}


def test_classes_of_a_card():
    providers = [{"classes": [row("VGPU", 4, 1, 2)]}, {"classes": [row("VGPU", 4)]}]
    expected = {"name": "VGPU", "providers": 2, "total": 8, "reserved": 1, "used": 2, "has": 6, "free": 5}
    assert totals.classes(providers, 6) == [expected]


def test_with_two_classes_nobody_knows_what_is_whose():
    found = totals.classes([{"classes": [row("A", 4), row("B", 8)]}], 6)
    assert [(one["name"], one["has"]) for one in found] == [("B", None), ("A", None)]


def test_what_is_not_known_of_one_is_not_known_of_all():
    rows = [{**row("A", 4, used=used), "providers": 1, "has": has} for used, has in ((1, 4), (None, None), (1, 4))]
    (sums,) = totals.merged(rows)
    assert (sums["total"], sums["used"], sums["free"], sums["has"]) == (12, None, None, None)


def test_placement_may_have_given_away_more_than_there_is():
    (sums,) = totals.merged([{**row("A", 4, used=6), "providers": 1, "has": 4}])
    assert sums["free"] == 0


def test_numbers():
    amount = {"used": 2, "reserved": 1, "free": 5}
    hosts = [{"guests": 2, "level": "problem"}, {"guests": 0, "level": "note"}]
    assert totals.numbers(hosts, [{"bars": [amount, amount]}], [{"level": "problem"}, {"level": "note"}]) == {
        "hosts": 2,
        "cards": 1,
        "guests": 2,
        "used": 4,
        "reserved": 2,
        "free": 10,
        "problems": 1,
        "drift": 0,
        "hosts_with_findings": 1,
    }
