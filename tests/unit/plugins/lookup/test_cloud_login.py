# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.vfio.devices.plugins.lookup.cloud_login import LookupModule


def test_the_variables_of_the_play_are_evaluated():
    variables = {"name": "a", "placement_cloud": trust_as_template("{{ name }}"), "report_cloud": ""}
    lookup = LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables))
    (found,) = lookup.run(["report", "placement"], variables)
    assert found["cloud"] == "a"
