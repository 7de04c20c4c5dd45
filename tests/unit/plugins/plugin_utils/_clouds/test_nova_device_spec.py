# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``nova_config`` cover the rest."""

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_device_spec
from ansible_collections.vfio.devices.tests.unit.plans import ports, vendor_vgpus, whole

OPTIONS = {"release": 34, "report_in_placement": True, "pci_in_placement": True}


@pytest.mark.parametrize("card", [whole(), ports(), ports(vf_product_id="1592"), vendor_vgpus()])
def test_addresses_are_whole_and_in_small_letters(card):
    for spec in map(json.loads, nova_device_spec.device_specs(card, OPTIONS)):
        assert spec["address"] == spec["address"].lower()
        assert len(spec["address"]) == len("0000:84:00.0")


def test_no_physical_function_is_listed_with_its_virtual_functions():
    assert json.loads(nova_device_spec.device_specs(ports(), OPTIONS)[0])["product_id"] == "1889"
    same = ports(vf_product_id="1592")
    assert same["address"] not in [json.loads(spec)["address"] for spec in nova_device_spec.device_specs(same, OPTIONS)]


def test_functions_that_guests_keep_have_their_current_settings():
    names = ["0000:84:00.4", "0000:84:00.5"]
    parents = [{"name": name, "numa_node": 0, "type": "1155", "existing": 1, "total": 1} for name in names]
    card = whole(held_parents=parents, held_framework="vendor_vfio", traits=["CUSTOM_NEW"], nova={"alias": "new"})
    present = f'[pci]\ndevice_spec = {{"address": "{names[0]}", "managed": "no", "traits": "CUSTOM_OLD"}}\n'
    found = [json.loads(spec) for spec in nova_device_spec.device_specs(card, {**OPTIONS, "present": present})]
    assert found == [
        {"address": names[0], "managed": "no", "traits": "CUSTOM_OLD"},
        {"address": names[1], "managed": "no"},
    ]
