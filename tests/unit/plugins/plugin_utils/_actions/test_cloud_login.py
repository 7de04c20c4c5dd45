# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cloud_login import cloud_login

EMPTY = {"cloud": "", "auth": ["", ""], "region_name": "", "interface": ""}


@pytest.mark.parametrize(
    ("variables", "changed"),
    [
        ({}, {}),
        ({"placement_cloud": None, "placement_auth": None, "placement_region_name": ""}, {}),
        ({"placement_cloud": "a", "placement_interface": "internal"}, {"cloud": "a", "interface": "internal"}),
        ({"placement_auth": {"auth_url": "u", "password": "secret"}}, {"auth": ["u", ""]}),
        ({"placement_auth": {"endpoint": "e", "token": "secret"}}, {"auth": ["", "e"]}),
        # The cloud may be a dictionary, as in modules of openstack.cloud.
        ({"placement_cloud": {"auth": {"auth_url": "u", "password": "secret"}}}, {"auth": ["u", ""]}),
        ({"placement_cloud": {"auth": {"auth_url": "u"}}, "placement_auth": {"auth_url": "v"}}, {"auth": ["v", ""]}),
        ({"placement_cloud": {"region": "x"}}, {}),
    ],
)
def test_the_login_has_no_secrets(variables, changed):
    assert cloud_login(variables, ["placement"]) == {**EMPTY, **changed}


def test_the_first_prefix_takes_precedence():
    variables = {"placement_cloud": "a", "placement_region_name": "north"}
    variables.update(report_cloud="b", report_region_name="")
    assert cloud_login(variables, ["report", "placement"]) == {**EMPTY, "cloud": "b", "region_name": "north"}
    assert cloud_login(variables, ["placement"])["cloud"] == "a"
