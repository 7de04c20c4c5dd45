# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.vfio.devices.plugins.lookup.cloud_login import LookupModule

EMPTY = {"cloud": "", "auth": ["", ""], "region_name": "", "interface": ""}


def login(*prefixes, **variables):
    lookup = LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables))
    (found,) = lookup.run(list(prefixes), variables)
    return found


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
        ({"name": "a", "placement_cloud": trust_as_template("{{ name }}")}, {"cloud": "a"}),
    ],
)
def test_the_login_has_no_secrets(variables, changed):
    assert login("placement", **variables) == {**EMPTY, **changed}


def test_the_first_prefix_takes_precedence():
    variables = {
        "placement_cloud": "a",
        "placement_region_name": "north",
        "report_cloud": "b",
        "report_region_name": "",
    }
    assert login("report", "placement", **variables) == {**EMPTY, "cloud": "b", "region_name": "north"}
    assert login("placement", **variables)["cloud"] == "a"
