# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.drainable_cards import FilterModule

drainable_cards = FilterModule().filters()["drainable_cards"]
PLAN = {"cards": [{"name": owner, "owner": owner} for owner in ("nova", "none", "cyborg")]}


def test_services_write_the_inventories_of_their_cards():
    assert drainable_cards(PLAN) == drainable_cards(PLAN, "") == drainable_cards(PLAN, "yes") == ["none"]
    assert drainable_cards(PLAN, False) == drainable_cards(PLAN, "false") == ["none", "cyborg"]


@pytest.mark.parametrize(("plan", "agent"), [(None, True), ({}, True), ({"cards": [{}]}, True), (PLAN, "maybe")])
def test_other_input_is_refused(plan, agent):
    with pytest.raises(AnsibleFilterError):
        drainable_cards(plan, agent)
