# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import get_type_hints

from ansible_collections.vfio.devices.plugins.plugin_utils._report import fleet, model


def test_a_report_has_the_fields_that_are_written_down(simulated):
    report = fleet.build({"h1": simulated("debian").facts(), "h2": None}, {}, [], {})
    assert set(report) == set(get_type_hints(model.Report))
    host, unread = report["hosts"]
    assert set(host) == set(unread) == set(get_type_hints(model.ReportedHost))
    assert {frozenset(card) for card in host["cards"]} == {frozenset(get_type_hints(model.ReportedCard))}
    assert set(report["numbers"]) == set(get_type_hints(model.Numbers))
    assert {frozenset(one) for one in report["findings"]} == {frozenset(get_type_hints(model.MergedFinding))}
    assert {frozenset(one) for one in unread["findings"]} == {frozenset(get_type_hints(model.Finding))}
