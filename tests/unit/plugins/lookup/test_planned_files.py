# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vfio.devices.plugins.lookup.planned_files import LookupModule
from ansible_collections.vfio.devices.tests.unit.templates import template


def test_the_variables_of_the_play_are_evaluated():
    variables = {
        "inventory_hostname": "h1",
        "vfio_plan": {"cards": [], "functions": []},
        "directory": "/etc/cyborg",
        "cyborg_config_path": template("{{ directory }}/own.conf"),
    }
    lookup = LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables))
    assert [one["path"] for one in lookup.run([], variables)] == ["/etc/cyborg/own.conf"]
