# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``nova_config`` cover the rest."""

from __future__ import annotations

import json

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_pci
from ansible_collections.vfio.devices.tests.unit.plans import ports, whole

OPTIONS = {"release": 34, "report_in_placement": True, "pci_in_placement": True}


def test_each_alias_once_and_in_order():
    cards = [
        ports(nova={"alias": "b"}, resource_class="CUSTOM_B"),
        ports(name="0000:85:00.0", vf_product_id="154c", nova={"alias": "b"}, resource_class="CUSTOM_B"),
        whole(name="0000:86:00.0", nova={"alias": "a"}),
    ]
    problems = []
    assert [json.loads(alias)["name"] for alias in nova_pci.aliases(cards, OPTIONS, problems)] == ["a", "b"]
    assert not problems


def test_several_kinds_in_one_alias_where_placement_is_not_asked():
    cards = [ports(nova={"alias": "b"}), ports(name="0000:85:00.0", vf_product_id="154c", nova={"alias": "b"})]
    problems = []
    assert len(nova_pci.aliases(cards, {**OPTIONS, "pci_in_placement": False}, problems)) == 2
    assert not problems
    assert len(nova_pci.aliases(cards, OPTIONS, problems)) == 2
    assert len(problems) == 1
