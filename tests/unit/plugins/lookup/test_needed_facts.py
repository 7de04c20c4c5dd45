# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vfio.devices.plugins.lookup.needed_facts import LookupModule
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import DEFAULT_PARTS
from ansible_collections.vfio.devices.tests.unit.templates import template


def needed(**variables):
    variables = {"vfio_profiles": [], **variables}
    return LookupModule(loader=DataLoader(), templar=Templar(DataLoader(), variables)).run([], variables)


def test_variables_of_other_roles_may_be_missing():
    assert needed() == [*DEFAULT_PARTS]


def test_the_variables_of_the_play_are_evaluated():
    publishes = {"publishes": "yes", "placement_publish": template("{{ publishes }}")}
    assert needed(**publishes) == [*DEFAULT_PARTS, "users", "published_root"]
    assert needed(vfio_profiles=[{"mig": {}}]) == [*DEFAULT_PARTS, "mig"]
