# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import former_name
from ansible_collections.vfio.devices.tests.unit.placement_fake import ROOT, parse, provider

OLD = "00000000-0000-0000-0000-0000000000a1"
OTHER = "00000000-0000-0000-0000-0000000000a2"


def entry(name="new_vfio_0000:41:00.0", **fields):
    return {"name": name, "parent": "node", **fields}


def found(wanted, *others, parent=ROOT, ours=True):
    entries = parse(*wanted)
    one = former_name.provider_of(entries[0], parent, others, entries, lambda provider: ours)
    return one and one["uuid"]


def test_the_same_card_under_another_name():
    assert found([entry()], provider(OTHER, "old_vfio_0000:41:00.1"), provider(OLD, "old_vfio_0000:41:00.0")) == OLD
    assert found([entry("new_vfio_mtty")], provider(OLD, "OLD_vfio_MTTY")) == OLD


def test_the_first_of_several_by_name():
    assert found([entry()], provider(OTHER, "b_vfio_0000:41:00.0"), provider(OLD, "a_vfio_0000:41:00.0")) == OLD


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        ([entry(), entry("old_vfio_0000:41:00.0")], {}),
        ([entry(), {"uuid": OLD}], {}),
        ([entry(uuid=OTHER)], {}),
        ([entry("new_0000:41:00.0")], {}),
        ([entry()], {"parent": OTHER}),
        ([entry()], {"parent": None}),
        ([entry()], {"ours": False}),
    ],
)
def test_what_is_not_the_former_provider(wanted, options):
    assert found(wanted, provider(OLD, "old_vfio_0000:41:00.0"), **options) is None
