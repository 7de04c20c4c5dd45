# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry as _backoff


@pytest.fixture
def pauses(monkeypatch):
    slept = []
    monkeypatch.setattr(_backoff.time, "sleep", slept.append)
    return slept


def test_no_pause_before_the_first(pauses):
    assert list(_backoff.attempts(1)) == [1]
    assert pauses == []


def test_pauses_grow_up_to_a_limit_and_differ(pauses):
    assert list(_backoff.attempts(10)) == list(range(1, 11))
    assert len(set(pauses)) == 9
    for number, seconds in enumerate(pauses, 1):
        assert 0 <= seconds <= min(_backoff.LONGEST, _backoff.FIRST * 2**number)


def test_many_failures_do_not_overflow(pauses):
    _backoff.pause(10**9)
    assert pauses[0] <= _backoff.LONGEST
