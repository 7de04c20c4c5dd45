# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of every cloud, also of one that comes later."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.every import BY_OWNER, BY_SHAPE, CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import check

each = pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.OWNER)


def test_owners_and_shapes_are_names_of_one_cloud_each():
    assert len(BY_OWNER) == len(BY_SHAPE) == len(CLOUDS)


@each
def test_a_profile_may_name_it(cloud):
    profile = {"name": "p", "select": "class == '0302'", "vgpu": {"type": "a"}, "owner": cloud.OWNER}
    assert check.parse([profile])[1] == []


@each
def test_where_no_card_is_its_own_there_is_nothing_to_set(cloud):
    options = {"release": 34, "report_in_placement": False, "pci_in_placement": False, "service": "compute"}
    assert cloud.settings({"cards": [], "later": []}, {**options, "drivers": (), "nova_release": None}) == ("", [])
    assert cloud.check_host([]) == []
