# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use random profiles on simulated hosts: nova assigns the planned devices, or the filters reject the profiles."""

from __future__ import annotations

import contextlib
import random

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_pci
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import cards_of, has_mdevs, has_typed_vfs
from ansible_collections.vfio.devices.tests.integration.nova.nodes import pci_functions
from ansible_collections.vfio.devices.tests.integration.nova.test_hosts import (
    WITH_USERS,
    node_name,
    resolve,
)
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

HOSTS = ("t4", "a40", "l40s", "nics")
# Enough seeds to combine each kind of card with each kind of setting.
SEEDS = range(24)
NVIDIA = "10de"
# Each release takes seconds to load; test_hosts covers the others.
RELEASES = (29, 34)
OPTIONS = ({}, {}, {"report_in_placement": True}, {"report_in_placement": True, "pci_in_placement": True})


def profile(chance, card, parents):
    """Return a random profile for a card that the card supports."""
    found = {"select": [card["address"]]}
    types = parents[0]["types"] if parents else []
    kinds = ["vgpu"] * 2 * bool(types) + ["vf"] * bool(card["total_vfs"]) + ["pf"]
    kind = chance.choice(kinds)
    alias = {"alias": chance.choice("ab")}
    if kind == "vgpu":
        is_mdev = parents[0]["framework"] == "mdev"
        found["vgpu"] = {
            "type": chance.choice(types)["id"],
            "count": chance.choice((0, "max") if is_mdev else ("max",)),
        }
        found.update({"mode": "vf"} if card["num_vfs"] else {})
        found["nova"] = {} if is_mdev else alias
    elif kind == "vf":
        groups = [{"vfs": "0", "physical_network": "one"}, {"vfs": "2-3", "physical_network": "two"}]
        settings = (alias, {**alias, "vfs": ["0", "2-3"]}, {"physical_network": "one"}, {"groups": groups})
        found.update(mode="vf", num_vfs="max" if card["vendor_id"] == NVIDIA else 4, nova=chance.choice(settings))
    else:
        found.update(mode="pf", nova=alias)
    if chance.random() < 0.5:
        found["placement"] = {"traits": [chance.choice(("CUSTOM_A", "CUSTOM_B"))]}
    return found


def declared(chance, facts):
    cards = chance.sample(facts["physical_functions"], min(2, len(facts["physical_functions"])))
    parents = {card["address"]: [] for card in cards}
    for parent in facts["parents"]:
        parents.get(parent["physical_function"], []).append(parent)
    found = [profile(chance, card, parents[card["address"]]) for card in cards]
    return [{"name": f"p{place}", **one} for place, one in enumerate(found)]


def brought_to(host, profiles):
    """Return the plan and the facts of the host after its cards and devices match the profiles."""
    for part in ("functions", "instances", None):
        facts = host.facts(*WITH_USERS)
        plan = resolve.resolve(profiles, facts)
        if part == "functions" and plan[part]:
            Switch(host)(*plan[part])
        if part == "instances":
            host.converge(*plan[part], exact=True)
    return plan, facts


def possible(chance):
    """Return random profiles that a host supports, with its plan and facts."""
    for _attempt in range(9):
        host = Simulated(chance.choice(HOSTS))
        profiles = declared(chance, host.facts(*WITH_USERS))
        with contextlib.suppress(Refused, AnsibleError):
            return profiles, *brought_to(host, profiles)
    raise AssertionError("no host can have any of these profiles")


def promised(plan, facts):
    """Return the plan's PCI functions, those of each alias, and the mediated devices by parent."""
    functions, gets = set(), {}
    present = {one["address"] for one in pci_functions(facts)}
    for card in nova_pci.cards(plan):
        own = (
            set(card["virtual_functions"]) - set(card["host_functions"]) if card["mode"] == "vf" else {card["address"]}
        )
        own = {device["address"] for device in facts["devices"]} & own if has_typed_vfs(card) else own
        functions |= own
        if "alias" in card["nova"]:
            gets.setdefault(card["nova"]["alias"], set()).update(own)
    offers = {
        node_name(parent["name"]): parent["total"]
        for card in cards_of(plan, "nova")
        if has_mdevs(card)
        for parent in card["parents"]
        if parent["total"]
    }
    return functions & present, gets, offers


@pytest.mark.parametrize("seed", SEEDS)
def test_nova_hands_out_what_the_plan_says(nova, seed):
    chance = random.Random(seed)
    profiles, plan, facts = possible(chance)
    options = chance.choice(OPTIONS)
    found = nova(profiles, facts, chance.choice(RELEASES), **options)
    if "refused" in found:
        return
    assert "error" not in found, (profiles, found)
    devices, gets, offers = promised(plan, facts)
    assert set(found["assignable"]) == devices, profiles
    if not options.get("pci_in_placement"):
        assert {name: set(one) for name, one in found["gets"].items()} == gets, profiles
    assert {name: total for name, total in found["offers"].items() if total} == offers, profiles
