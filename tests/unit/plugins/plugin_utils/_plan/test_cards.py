# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_mdevs,
    has_typed_vfs,
    usable_parents,
)
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, vendor_vgpus, whole


def test_cards_of_an_owner_that_are_known():
    mine, others, later = mdevs(), whole(owner="cyborg"), vendor_vgpus(name="0000:85:00.0")
    host = plan(mine, others, later=[later])
    assert cards_of(host, "nova") == [mine]
    assert cards_of(host, "cyborg") == [others]


def test_kinds_of_cards():
    assert [has_mdevs(card) for card in (mdevs(), vendor_vgpus(), whole())] == [True, False, False]
    assert [has_typed_vfs(card) for card in (mdevs(), vendor_vgpus(), whole())] == [False, True, False]


def test_parents_with_devices_in_order():
    card = mdevs(totals=(1, 0, 1))
    card["parents"].reverse()
    assert usable_parents(card) == ["0000:84:00.4", "0000:84:00.6"]
