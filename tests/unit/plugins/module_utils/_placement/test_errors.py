# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError, Reply
from ansible_collections.vfio.devices.tests.unit.placement_fake import refusal


@pytest.mark.parametrize(
    ("reply", "conflict", "unclear", "final"),
    [
        (refusal(409, "placement.concurrent_update"), True, False, False),
        (refusal(409, "placement.duplicate_name"), True, False, False),
        (refusal(409, "placement.inventory.inuse"), False, False, False),
        (Reply(500, {"errors": [{"detail": "another thread concurrently updated it"}]}), True, True, False),
        (Reply(500, "<html>"), False, True, False),
        (Reply(None, "reset"), False, True, False),
        (refusal(404), True, False, False),
        (Reply(404, "<html>"), False, False, False),
        (refusal(403), False, False, True),
        (None, False, False, True),
    ],
)
def test_kinds_of_errors(reply, conflict, unclear, final):
    error = PlacementError("cannot", reply)
    assert (bool(error.conflict), error.unclear, error.final) == (conflict, unclear, final)


def test_a_pause_that_placement_asks_for_is_told():
    error = PlacementError("cannot", refusal(503)._replace(wait=17.0))
    assert str(error) == (
        "cannot: Placement says 503 Title: Detail. It requests a pause of 17 seconds before the next request"
    )
    assert error.wait == 17


def test_the_explanation_of_placement_ends_with_one_stop():
    errors = [{"title": "Forbidden", "detail": "Policy does not allow this request to be performed."}]
    said = str(PlacementError("cannot", Reply(403, {"errors": errors})))
    assert said.startswith(
        "cannot: Placement says 403 Forbidden: Policy does not allow this request to be performed. The user needs "
    )
