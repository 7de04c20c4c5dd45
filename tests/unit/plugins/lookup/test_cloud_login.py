# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vfio.devices.plugins.lookup.cloud_login import LookupModule
from ansible_collections.vfio.devices.tests.unit.templates import template


def test_the_variables_of_the_play_are_evaluated():
    variables = {"name": "a", "placement_cloud": template("{{ name }}"), "report_cloud": ""}
    lookup = LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables))
    (found,) = lookup.run(["report", "placement"], variables)
    assert found["cloud"] == "a"
