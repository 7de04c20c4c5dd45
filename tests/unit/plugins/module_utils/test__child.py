# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils import _child


def raise_busy():
    raise OSError(errno.EBUSY, "busy")


def test_value_comes_back():
    assert _child.run(lambda: [b"\xff", None, {"a": 1}], 5) == [b"\xff", None, {"a": 1}]


def test_more_than_a_pipe_holds_comes_back():
    assert len(_child.run(lambda: b"x" * 1_000_000, 5)) == 1_000_000


def test_errno_of_the_action_is_raised():
    with pytest.raises(OSError) as caught:
        _child.run(raise_busy, 5)
    assert caught.value.errno == errno.EBUSY


def test_a_fault_in_the_action_is_not_taken_for_an_error_of_the_host():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        _child.run(lambda: 1 // 0, 5)


def test_a_child_that_was_killed_is_told():
    with pytest.raises(RuntimeError, match="ended by somebody else"):
        _child.run(lambda: os.kill(os.getpid(), 9), 5)


def test_deadline_ends_the_wait():
    begin = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        _child.run(lambda: time.sleep(60), 0.1)
    assert caught.value.errno is None
    assert time.monotonic() - begin < 10


def test_child_has_no_file_of_its_parent_open():
    descriptor = os.open(__file__, os.O_RDONLY)
    try:
        with pytest.raises(OSError) as caught:
            _child.run(lambda: list(os.fstat(descriptor)), 5)
        assert caught.value.errno == errno.EBADF
    finally:
        os.close(descriptor)


def test_stuck_child_keeps_no_pipe_open():
    receiving, sending = os.pipe()
    os.set_inheritable(sending, True)
    saved = os.dup(1)
    os.dup2(sending, 1)
    os.close(sending)
    try:
        with pytest.raises(TimeoutError):
            _child.run(lambda: [os.write(1, b"noise"), time.sleep(60)], 0.2)
    finally:
        os.dup2(saved, 1)
    # All writers are gone: the end of file, and no noise, is there at once.
    assert os.read(receiving, 10) == b""
