# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test matches; ``tests/integration/nova/test_others.py`` compares them with the real nova."""

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_spec

CARD = nova_spec.Function("0000:5e:00.0", "0000:5e:00.0", "8086", "1592", True, ("ens1f0",))
VF = nova_spec.Function("0000:5e:01.1", "0000:5e:00.0", "8086", "1889", False, ())
GPU = nova_spec.Function("0000:af:00.0", "0000:af:00.0", "10de", "1eb8", False, ())
SPECS = [
    ({}, [CARD, VF, GPU]),
    ({"vendor_id": "8086"}, [CARD, VF]),
    ({"vendor_id": "0x8086", "product_id": "1889"}, [VF]),
    ({"vendor_id": "*", "product_id": "1EB8"}, [GPU]),
    ({"address": "0000:5e:00.0"}, [CARD, VF]),
    ({"address": "0000:5E:00.0", "product_id": "1889"}, [VF]),
    ({"address": "*:5e:01.*"}, [VF]),
    ({"address": "af:00.0"}, [GPU]),
    ({"address": ":5e:00."}, [CARD]),
    ({"address": "5e:00.0"}, [CARD]),
    ({"address": ".0"}, [CARD, GPU]),
    ({"address": "0000:5e:01.1"}, [VF]),
    ({"address": {"bus": "5e", "function": "[1-3]"}}, [VF]),
    ({"address": {"domain": ".*", "bus": "a", "slot": ".*", "function": "0"}}, [GPU]),
    ({"address": {"domain": "0000", "bus": "5e", "slot": "00", "function": "0"}}, [CARD, VF]),
    ({"address": {"domain": "0000", "bus": "5e", "slot": "00", "function": "[0]"}}, [CARD]),
    ({"devname": "ens1f0"}, [CARD, VF]),
    ({"devname": "ens9"}, []),
    ({"address": "0000:5e:01.1", "vendor_id": "10de"}, []),
]


@pytest.mark.parametrize(("spec", "found"), SPECS)
def test_matching(spec, found):
    assert nova_spec.matching(spec, [CARD, VF, GPU]) == found


@pytest.mark.parametrize("spec", [{"address": "5e:zz.0"}, {"address": {"bus": "("}}, {"vendor_id": "intel"}])
def test_what_nova_stops_at_matches_nothing(spec):
    assert nova_spec.matching(spec, [CARD, VF, GPU]) == []


def test_specs_of_a_value():
    one, other = {"address": "5e:00.0"}, {"vendor_id": "10de"}
    assert nova_spec.specs(json.dumps(one)) == [one]
    assert nova_spec.specs(json.dumps([one, other, 7])) == [one, other]
    assert nova_spec.specs("{") == []


def test_tags_are_in_one_form():
    spec = {"address": "5e:00.0", "managed": "yes", "trusted": True, "traits": "CUSTOM_A", "vendor_id": "8086"}
    assert nova_spec.tags(spec) == {"managed": "True", "trusted": "True", "traits": "CUSTOM_A"}
    assert nova_spec.tags({"managed": "no"}) == nova_spec.tags({"managed": "False"})
