# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.choice import Catalog
from ansible_collections.vfio.devices.plugins.module_utils._instances.kept_devices import Claims
from ansible_collections.vfio.devices.plugins.module_utils._instances.mixtures import Mixtures
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._instances.test_plan import (
    UUIDS,
    device,
    entry,
    state,
)


def claims(*devices, skip_busy=False, **fields):
    host = state(*devices, **fields)
    return Claims(host, Catalog(host, set()), Mixtures(host, []), skip_busy, [])


def test_matching_devices_are_kept_up_to_the_number():
    found = claims(*(device(uuid, "a", "x") for uuid in UUIDS[:3]))
    wanted = found.with_candidates(entry(count=2))
    assert found.claim_existing(wanted) == 0
    assert found.claim_existing(wanted) == 1
    assert [one.uuid for one in found.kept] == UUIDS[:3]


@pytest.mark.parametrize(("type_id", "replaced"), [("x", False), ("y", True)])
def test_the_device_of_a_uuid_is_kept_or_replaced(type_id, replaced):
    existing = device(UUIDS[0], "a", type_id)
    found = claims(existing)
    wanted = found.with_candidates(entry(uuid=UUIDS[0]))
    assert found.claim_identity(wanted) == (existing if replaced else None)
    assert [one.uuid for one in found.kept] == ([] if replaced else [UUIDS[0]])


def test_a_uuid_that_is_elsewhere_is_an_error():
    found = claims(device(UUIDS[0], "b", "x"))
    assert found.claim_identity(found.with_candidates(entry(uuid=UUIDS[0], parent="a"))) is None
    (problem,) = found.problems
    assert "exists on another parent, b" in problem


@pytest.mark.parametrize("skip_busy", [True, False])
def test_a_card_of_unknown_state_is_skipped_or_refused(skip_busy):
    found = claims(unreadable={"a": "EIO"}, skip_busy=skip_busy)
    assert found.with_candidates(entry(parent="a", count=3)) is None
    assert [one.number for one in found.missing] == ([3] if skip_busy else [])
    assert found.problems == ([] if skip_busy else ["instances[0]: the state of a is unknown: EIO"])
