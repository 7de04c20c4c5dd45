# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import child_process as host_child_process


def raise_busy():
    raise OSError(errno.EBUSY, "busy")


def test_value_comes_back():
    assert host_child_process.run(lambda: [b"\xff", None, {"a": 1}], 5) == [b"\xff", None, {"a": 1}]


def test_more_than_a_pipe_holds_comes_back():
    assert len(host_child_process.run(lambda: b"x" * 1_000_000, 5)) == 1_000_000


def test_errno_of_the_action_is_raised():
    with pytest.raises(OSError) as caught:
        host_child_process.run(raise_busy, 5)
    assert caught.value.errno == errno.EBUSY


def test_a_fault_in_the_action_is_not_taken_for_an_error_of_the_host():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        host_child_process.run(lambda: 1 // 0, 5)


def test_a_child_that_was_killed_is_told():
    with pytest.raises(RuntimeError, match="was stopped by another program"):
        host_child_process.run(lambda: os.kill(os.getpid(), 9), 5)


def test_deadline_ends_the_wait():
    begin = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        host_child_process.run(lambda: time.sleep(60), 0.1)
    assert caught.value.errno is None
    assert time.monotonic() - begin < 10


def test_child_has_no_file_of_its_parent_open():
    descriptor = os.open(__file__, os.O_RDONLY)
    try:
        with pytest.raises(OSError) as caught:
            host_child_process.run(lambda: list(os.fstat(descriptor)), 5)
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
            host_child_process.run(lambda: [os.write(1, b"noise"), time.sleep(60)], 0.2)
    finally:
        os.dup2(saved, 1)
    # All writers are gone: the pipe is at its end immediately, without any output.
    assert os.read(receiving, 10) == b""


def work(request):
    """Answer requests as the child process of these tests."""
    what, value = request
    if what == "sleep":
        time.sleep(value)
    elif what == "fail":
        raise OSError(value, "")
    elif what == "die":
        os.kill(os.getpid(), value)
    return os.getpid() if what == "pid" else value


@pytest.fixture
def child():
    made = host_child_process.Child(work)
    yield made
    made.close()


def is_at_work(pid):
    """Return whether a process exists and has not ended; a zombie counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for_the_end_of(pid):
    deadline = time.monotonic() + 30
    while is_at_work(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_process_answers_everything_errors_too(child):
    pid = child.ask(("pid", None), 5)
    assert pid != os.getpid()
    with pytest.raises(OSError) as caught:
        child.ask(("fail", errno.ENOSPC), 5)
    assert caught.value.errno == errno.ENOSPC
    assert child.ask(("echo", [b"\xff", None]), 5) == [b"\xff", None]
    assert child.ask(("pid", None), 5) == pid


def test_big_requests_and_values(child):
    assert child.ask(("echo", b"x" * 3_000_000), 30) == b"x" * 3_000_000


def test_who_is_late_is_given_up_and_the_next_request_has_its_whole_time(child):
    first = child.ask(("pid", None), 5)
    for attempt in range(2):
        begin = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            child.ask(("sleep", 60), 0.2)
        assert caught.value.errno is None
        assert 0.2 <= time.monotonic() - begin < 10, attempt
    assert child.ask(("sleep", 0.4), 30) == 0.4
    assert child.ask(("pid", None), 5) != first
    wait_for_the_end_of(first)


def test_a_request_that_a_stopped_process_does_not_take_ends_at_its_deadline(child):
    pid = child.ask(("pid", None), 5)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        child.ask(("echo", b"x" * 3_000_000), 0.2)
    wait_for_the_end_of(pid)


def test_after_a_death_there_is_another_one(child):
    with pytest.raises(RuntimeError, match="was stopped by another program"):
        child.ask(("die", int(signal.SIGKILL)), 5)
    assert child.ask(("echo", 1), 5) == 1


def test_a_process_ends_with_its_child(child):
    other = host_child_process.Child(work)
    pid = other.ask(("pid", None), 5)
    del other
    assert not is_at_work(pid)


@pytest.fixture
def counting():
    """Yield a child whose request is a list of seconds, one for each part."""

    def answer(seconds):
        for done, pause in enumerate(seconds, start=1):
            time.sleep(pause)
            made.proceed(done)
        return len(seconds)

    made = host_child_process.Child(answer)
    yield made
    made.close()


def test_each_part_of_a_request_has_the_whole_time(counting):
    assert counting.ask([0.15] * 6, 0.6, 30) == 6


def test_the_part_that_is_late_is_known(counting):
    begin = time.monotonic()
    with pytest.raises(host_child_process.DeadlineExceeded) as caught:
        counting.ask([0, 0, 60, 0], 0.3, 30)
    assert caught.value.done == 2
    assert 0.3 <= time.monotonic() - begin < 10


def test_all_parts_together_have_an_end(counting):
    with pytest.raises(host_child_process.DeadlineExceeded) as caught:
        counting.ask([0.05] * 1000, 5, 0.4)
    assert 0 < caught.value.done < 20
    assert counting.ask([0], 5, 5) == 1


PARENT = """
import os, sys
from ansible_collections.vfio.devices.plugins.module_utils._host import child_process as host_child_process
child = host_child_process.Child(lambda request: os.getpid())
print(child.ask(None, 5), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["kill", "exit"])
def test_a_process_ends_with_the_one_that_has_made_it(end):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        pid = int(parent.stdout.readline())
        assert is_at_work(pid)
        parent.kill() if end == "kill" else parent.stdin.close()
        # The end is noticed immediately, because no other process has the output open.
        assert parent.stdout.read() == b""
        parent.wait()
        wait_for_the_end_of(pid)


def test_a_child_that_gets_no_processor_is_waited_for():
    """A paused virtual machine has this effect; a read that computes looks the same."""

    def compute(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return seconds

    busy = host_child_process.Child(compute)
    assert busy.ask(1.5, 1, 30) == 1.5
    with pytest.raises(host_child_process.DeadlineExceeded):
        busy.ask(9, 0.2, 10)
    with pytest.raises(host_child_process.DeadlineExceeded):
        busy.ask(0.5, 0.2)
    sleeping = host_child_process.Child(time.sleep)
    begin = time.monotonic()
    with pytest.raises(host_child_process.DeadlineExceeded):
        sleeping.ask(9, 0.2, 10)
    # The child sleeps, so waiting longer does not help; a busy machine may notice this late.
    assert time.monotonic() - begin < 5
