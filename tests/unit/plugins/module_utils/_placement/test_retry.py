# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError


@pytest.fixture
def pauses(monkeypatch):
    slept = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    return slept


def test_pauses_grow_up_to_a_limit_and_differ(pauses):
    assert all(retry.Clock().pause(number) for number in range(1, 11))
    assert len(set(pauses)) == 10
    for number, seconds in enumerate(pauses, 1):
        assert 0 <= seconds <= min(retry.LONGEST, retry.FIRST * 2**number)


def test_many_failures_do_not_overflow(pauses):
    retry.Clock().pause(10**9)
    assert pauses[0] <= retry.LONGEST


def test_what_the_server_asks_for(pauses):
    assert retry.Clock().pause(1, 30)
    assert pauses == [30]


def test_no_pause_that_is_longer_than_the_time(pauses):
    assert not retry.Clock(20).pause(1, 30)
    assert pauses == []


def test_the_time_is_over(monkeypatch):
    clock = retry.Clock(20)
    assert 19 < clock.left() <= 20
    now = retry.time.monotonic()
    monkeypatch.setattr(retry.time, "monotonic", lambda: now + 21)
    with pytest.raises(PlacementError, match="the timeout of 20 seconds is over") as caught:
        clock.left()
    assert caught.value.final
