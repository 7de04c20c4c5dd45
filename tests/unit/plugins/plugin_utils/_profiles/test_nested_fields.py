# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import jmespath
import pytest
import yaml
from ansible_collections.vfio.devices.plugins.modules import mdev_facts
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import nested_fields


def unknown(text):
    return nested_fields.unknown(jmespath.compile(text).parsed)


@pytest.mark.parametrize(
    "text",
    [
        "types[?nam == 'GRID T4-2B']",
        "parents[].types[?nam == 'x']",
        "parents[*].types[].nam | [0]",
        "length(types[?contains(nam, 'x')]) > `0`",
        "class == '0302' && sort_by(types, &nam)",
        "(types || `[]`)[0].nam",
        "map(&nam, types)",
    ],
)
def test_an_unknown_field_of_a_list(text):
    assert unknown(text) == [
        "nam is not a field of types. Did you mean name? The fields are id, name, description, device_api, attributes, "
        "available_instances, max_instances"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "types[?name == 'x' && attributes.num_heads]",
        "parents[].physical_function",
        "devices[?users[0].domain].uuid",
        "virtual_functions[?driver == 'vfio-pci'] | [0].address",
        "mig.enabled",
        "vgpu_scheduler.*.x",
        "netdevs[?@ == 'ens1f0']",
        "sort_by(types, &id)[0].name",
        "{a: types}.a[0].x",
        "length(netdevs)",
        "@.types",
    ],
)
def test_known_fields_and_other_data(text):
    assert unknown(text) == []


def test_fields_are_those_of_the_documented_facts():
    returned = yaml.safe_load(mdev_facts.RETURN)["ansible_facts"]["contains"]["mdev"]["contains"]
    cards, parents = returned["physical_functions"]["contains"], returned["parents"]["contains"]
    lists = {
        "virtual_functions": cards["virtual_functions"],
        "parents": returned["parents"],
        "types": parents["types"],
        "devices": returned["devices"],
        "users": returned["devices"]["contains"]["users"],
    }
    for name, documented in lists.items():
        assert set(documented["contains"]) - {"unreadable"} == set(nested_fields.FIELDS[name]) - {"unreadable"}, name
