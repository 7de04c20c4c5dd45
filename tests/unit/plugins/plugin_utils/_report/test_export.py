# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import cProfile
import csv
import io
import json
import pstats

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._report import export
from ansible_collections.vfio.devices.plugins.plugin_utils._report.report import fleet_report
from ansible_collections.vfio.devices.tests.unit import report_fleet


@pytest.fixture(scope="module")
def given():
    given = report_fleet.fleet(5)
    given["groups"] = {"gpu001.example.com": ["rack1", "rack2"]}
    return given


def test_a_row_of_csv_for_each_card(given):
    rows = list(csv.DictReader(io.StringIO(fleet_report(**given, output="csv"))))
    cards = sum(len(facts["physical_functions"]) for facts in given["facts_by_host"].values() if facts)
    assert len(rows) == cards
    gpu = next(row for row in rows if row["host"] == "gpu001.example.com" and row["type"])
    assert (gpu["groups"], gpu["ids"], gpu["type"]) == ("rack1; rack2", "10de:1eb8", "GRID T4-2B")
    assert (gpu["used"], gpu["free"], gpu["total"]) == ("8", "0", "8")
    assert "desktop-0-1" in gpu["users"]


def test_json_has_the_same_rows_and_the_numbers(given):
    found = json.loads(fleet_report(**given, output="json"))
    assert found["numbers"] == fleet_report(**given, output="summary")
    assert found["time"] == given["time"]
    assert list(found["cards"][0]) == list(export.COLUMNS)


def test_all_is_built_once(given):
    made = fleet_report(**given, output="all")
    assert made["page"].startswith("<!doctype html>")
    assert made["csv"] == fleet_report(**given, output="csv")
    assert set(made) == {"page", "summary", "csv", "json"}


def test_a_host_without_facts_has_a_row_with_the_reason():
    (row,) = csv.DictReader(io.StringIO(fleet_report({"lost": None}, output="csv")))
    assert row["host"] == "lost"
    assert row["warnings"].startswith("no facts")


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@a"])
def test_no_cell_is_a_formula(name):
    (row,) = csv.DictReader(io.StringIO(fleet_report({name: None}, output="csv")))
    assert row["host"] == f"'{name}"


def test_work_and_size_grow_with_the_number_of_hosts():
    def cost(count):
        fleet = report_fleet.fleet(count, kinds)
        profile = cProfile.Profile()
        profile.enable()
        page = fleet_report(**fleet)
        profile.disable()
        return pstats.Stats(profile).total_calls, len(page.encode())

    kinds = report_fleet.kinds()
    # Do not measure what is read and compiled only once.
    cost(1)
    (calls, size), (more_calls, more_size) = cost(40), cost(160)
    assert more_calls < 4.4 * calls
    assert more_size < 4.2 * size
    assert more_size < 160 * 3200 + 25_000
