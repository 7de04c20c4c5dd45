# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the rules for every cloud, including future ones."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import registry
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER, BY_SHAPE, CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration
from ansible_collections.vfio.devices.tests.unit import guide
from ansible_collections.vfio.devices.tests.unit.plans import plan, ports, whole
from ansible_collections.vfio.devices.tests.unit.plugins.plugin_utils._clouds import test_base

each = pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.OWNER)


def test_owners_and_shapes_are_names_of_one_cloud_each():
    assert len(BY_OWNER) == len(BY_SHAPE) == len(CLOUDS)


@each
def test_a_profile_may_name_it(cloud):
    profile = {"name": "p", "select": "class == '0302'", "vgpu": {"type": "a"}, "owner": cloud.OWNER}
    # The cloud may require keys of its own.
    assert [problem for problem in declaration.parse([profile])[1] if "owner" in problem] == []


@each
def test_no_cards_have_no_errors(cloud):
    assert cloud.check_host([]) == []


def test_the_example_of_the_guide_is_a_cloud():
    example = guide.example("Add a cloud", "kubevirt", registry.__package__)
    test_base.test_it_says_all_that_is_asked_of_a_cloud(example)
    test_base.test_it_can_do_all_that_is_asked_of_a_cloud(example)
    card = {**whole(owner="kubevirt", not_shareable=None), "kubevirt": {"resource": "example.com/t4"}}
    text = example.kubevirt_config(plan(card))
    assert yaml.safe_load(text)["permittedHostDevices"]["pciHostDevices"] == [
        {"pciDeviceSelector": "10DE:1EB8", "resourceName": "example.com/t4"}
    ]
    with pytest.raises(AnsibleFilterError, match="cannot be created:\n.*shares its IOMMU group"):
        example.kubevirt_config(plan({**card, "not_shareable": "it shares its IOMMU group"}))
    assert example.check_card(card) == example.check({"kubevirt": {"resource": "example.com/t4"}}) == []
    assert example.check({"kubevirt": {}}) and example.check_card(ports())
