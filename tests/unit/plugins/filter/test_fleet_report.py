# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.fleet_report import FilterModule
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression
from ansible_collections.vfio.devices.tests.unit import report_fleet
from hypothesis import example, given, settings
from hypothesis import strategies as st

fleet_report = FilterModule().filters()["fleet_report"]

# Keys whose values are names, or lists of names, from hosts or from Placement.
NAMES = {"domain", "command", "driver", "netdev", "netdevs", "type_name", "uuid", "description", "warnings", "traits"}
MARKUP = "</title></style></script><!-- --><script>alert(1)</script>\"><img src=x onerror='alert(1)'>&lt;{{ 7 }}{% raw"


@pytest.fixture(scope="module")
def kinds():
    return report_fleet.kinds()


@pytest.fixture(scope="module")
def fleet(kinds):
    return report_fleet.fleet(5, kinds)


class Seen(HTMLParser):
    """Counts each tag with its attributes, and collects the text of the page."""

    def __init__(self, page):
        super().__init__()
        self.tags = Counter()
        self.attributes = {}
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag, tuple(name for name, value in attrs)] += 1
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value)

    def handle_data(self, data):
        self.text += data


def renamed(value, prefix, is_name=False):
    """Return the same data with a prefix before all names."""
    if isinstance(value, dict):
        return {key: renamed(entry, prefix, key in NAMES) for key, entry in value.items()}
    if isinstance(value, list):
        return [renamed(entry, prefix, is_name) for entry in value]
    return prefix + value if is_name and isinstance(value, str) else value


def page(fleet, prefix):
    """Return the page with a prefix before the names of hosts, guests, types, drivers, traits and classes."""
    facts = {prefix + host: renamed(facts, prefix) for host, facts in fleet["facts_by_host"].items()}
    for one in facts.values():
        for parent in one["parents"]:
            for offered in parent["types"]:
                offered["name"] = prefix + offered["name"]
    placement = json.loads(json.dumps(fleet["placement"]))
    for provider in placement["providers"]:
        provider["inventories"] = {prefix + name: one for name, one in provider["inventories"].items()}
        provider["name"] = prefix + provider["name"]
        provider["parent"] = provider["parent"] and prefix + provider["parent"]
    placement["providers"] = renamed(placement["providers"], prefix)
    placement["owners"] = {prefix + name: prefix + owner for name, owner in fleet["placement"]["owners"].items()}
    placement["usages"] = {}
    return fleet_report(facts, placement=placement, title=prefix, time=prefix)


@pytest.fixture(scope="module")
def plain(fleet):
    return Seen(page(fleet, "plain "))


@settings(max_examples=20)
@given(prefix=st.text(min_size=1, max_size=30))
@example(prefix=MARKUP)
@example(prefix="\udcff\0\u202e")
def test_names_are_no_markup(fleet, plain, prefix):
    text = page(fleet, prefix)
    text.encode()
    seen = Seen(text)
    assert seen.tags == plain.tags
    assert seen.attributes == plain.attributes
    if prefix == MARKUP:
        assert f"{MARKUP}gpu001.example.com" in seen.text


def test_the_page_has_what_the_hosts_have(fleet):
    seen = Seen(fleet_report(**fleet))
    for text in (*fleet["facts_by_host"], "desktop-0-1", "NVIDIA L40S-12Q", "CUSTOM_NFV_VF", "profile nfv-ports"):
        assert text in seen.text
    assert "2026-11-21 14:00 UTC" in seen.text


def test_summary(kinds):
    facts, profiles = kinds["gpu"]
    numbers = {"hosts": 2, "cards": 3, "guests": 9, "used": 9, "reserved": 0, "free": 7}
    numbers.update(problems=1, drift=0, hosts_with_findings=1)
    assert fleet_report({"a": facts, "b": None}, profiles={"a": profiles}, output="summary") == numbers


def test_the_same_input_gives_the_same_page(fleet):
    assert fleet_report(**fleet) == fleet_report(**fleet)


@pytest.mark.parametrize(
    ("facts", "options", "words"),
    [
        (None, {}, "facts must be a dictionary, and not NoneType"),
        ({}, {"profiles": []}, None),
        ({}, {"profiles": [1]}, "profiles must be a dictionary, and not list"),
        ({}, {"placement": "x"}, "placement must be a dictionary"),
        ({}, {"placement": ["x"]}, "placement must be a dictionary or a list of dictionaries"),
        ({}, {"output": "pdf"}, "output must be page, summary, csv, json or all, and not 'pdf'"),
        ({"host": {}}, {}, "needs facts of vfio.devices.mdev_facts"),
        ({"host": {"physical_functions": [{}], "parents": [], "devices": []}}, {}, "needs facts of"),
    ],
)
def test_what_is_no_input_is_one_clear_error(facts, options, words):
    if words is None:
        assert fleet_report(facts, **options)
        return
    with pytest.raises(AnsibleFilterError, match=words):
        fleet_report(facts, **options)


def test_profiles_need_jmespath(kinds, monkeypatch):
    monkeypatch.setattr(expression, "MISSING", ImportError("no jmespath"))
    facts, profiles = kinds["gpu"]
    assert fleet_report({"a": facts})
    with pytest.raises(AnsibleFilterError, match=r"-m pip install jmespath"):
        fleet_report({"a": facts}, profiles={"a": profiles})


def test_a_host_without_a_root_is_not_compared_with_placement(kinds):
    facts, _profiles = kinds["gpu"]
    placement = {"providers": [], "owners": {}, "usages": {}, "missing": []}
    words = "No provider of the host in Placement"
    assert words in fleet_report({"a": facts}, placement=placement)
    assert words not in fleet_report({"a": facts}, placement=placement, roots={"a": ""})
