# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the filter ``nova_config`` cover the rest."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_mdev
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, whole


@pytest.mark.parametrize("address", ["0000:84:00", "0000:84:00:0", "0000:AF:00.0", "00000:84:00.0", "0000:84:00.8", ""])
def test_no_addresses_that_nova_stops_at_or_never_finds(address):
    assert not nova_mdev.ADDRESS.match(address)


def test_a_type_on_several_cards_is_one_section():
    problems = []
    host = plan(mdevs(name="0000:85:00.0"), mdevs(), whole(name="0000:86:00.0"))
    assert nova_mdev.sections(host, 34, problems) == {
        "devices": [("enabled_mdev_types", "nvidia-35")],
        "mdev_nvidia-35": [("device_addresses", "0000:84:00.0,0000:85:00.0")],
    }
    assert not problems


@pytest.mark.parametrize(("count", "refused"), [("max", True), (3, True), (2, False), (None, False)])
def test_a_limit_below_what_is_made_leaves_nothing(count, refused):
    problems = []
    nova_mdev.sections(plan(mdevs(totals=(1,) * 4, count=count, nova={"max_instances": 2})), 34, problems)
    assert bool(problems) == refused


def test_possible_parents():
    cards = [
        mdevs(),
        mdevs(name="0000:85:00.0", owner="none"),
        whole(name="0000:86:00.0"),
        whole(name="mtty", address=None),
        # Guests keep its vGPUs.
        {**whole(name="0000:87:00.0"), "held_framework": "mdev", "held_parents": mdevs()["parents"]},
    ]
    other = {"name": "0000:88:00.0", "virtual_functions": ["0000:88:00.4"]}
    host = {**plan(*cards), "unselected": [other]}
    assert nova_mdev.possible_parents(host) == ["0000:84:00.0", "0000:87:00.0", "0000:88:00.0", "0000:88:00.4"]
    # Virtual functions that do not exist yet have no addresses.
    assert nova_mdev.possible_parents(plan(whole(total=None, mode="vf"))) is None
