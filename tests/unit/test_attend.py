# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the command that runs the demo and the tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests import attend

# Prints "started" and ends as soon as its child, which outlives it, is ready for signals.
ORPHAN = """
import os, signal, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    {signals}
    os.write(write, b"ready")
    os.close(1), os.close(2)
    time.sleep({seconds})
    os._exit(0)
os.read(read, 5)
print("started", flush=True)
"""


def attended(*command, silence="60", patience="0.2", **streams):
    variables = {**os.environ, "ATTEND_SECONDS": silence, "ATTEND_PATIENCE": patience}
    streams = streams or {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    program = [sys.executable, attend.__file__, *command]
    return subprocess.run(program, env=variables, text=True, check=False, timeout=60, **streams)


def running(text):
    """Return the processes with a text in their command line."""
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if text.encode() in read(path)]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143)])
def test_the_status_is_passed_on(script, status):
    assert attended("sh", "-c", script).returncode == status


def test_output_keeps_its_stream_and_its_order():
    script = "for n in 1 2 3; do echo out $n; echo err $n >&2; done"
    done = attended("sh", "-c", script)
    assert (done.stdout, done.stderr) == ("out 1\nout 2\nout 3\n", "err 1\nerr 2\nerr 3\n")
    done = attended("sh", "-c", script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"


def test_silence_is_filled():
    done = attended("sh", "-c", "sleep 1; echo done", silence="0.2")
    *silence, last = done.stdout.splitlines()
    assert last == "done"
    assert silence
    assert all(re.match(r"    [0-9]+ s  \S", line) for line in silence)


def test_a_command_that_says_something_is_not_disturbed():
    script = "for n in 1 2 3 4 5; do echo $n; sleep 0.1; done"
    assert attended("sh", "-c", script, silence="20").stdout == "1\n2\n3\n4\n5\n"


def test_progress_is_the_end_of_the_newest_log(tmp_path, monkeypatch):
    monkeypatch.setattr(attend, "LOGS", tmp_path)
    assert attend.progress(0) == "at work"
    (tmp_path / "empty.log").write_text("")
    assert attend.progress(0) == "empty: at work"
    (tmp_path / "empty.log").unlink()
    (tmp_path / "old.log").write_text("old\n")
    os.utime(tmp_path / "old.log", (1, 1))
    (tmp_path / "pytest.log").write_text("........  [ 12%]\n....  [ 34%]\n\n")
    assert attend.progress(0) == "pytest: .... [ 34%]"
    assert attend.progress(time.time() + 60) == "at work"
    (tmp_path / "pytest.log").write_text("TASK [Create vGPUs] *****\nok: [t4]\n")
    assert attend.progress(0) == "pytest: TASK [Create vGPUs]"


@pytest.mark.parametrize("signals", ["pass", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_a_process_that_is_left_is_ended_and_named(signals, tmp_path):
    program = tmp_path / "orphan.py"
    program.write_text(ORPHAN.format(signals=signals, seconds=50))
    done = attended(sys.executable, str(program))
    assert (done.returncode, done.stdout) == (0, "started\n")
    command = f"{sys.executable} {program}"[: attend.WIDTH]
    assert re.fullmatch(rf"Ended process [0-9]+, which was left: {re.escape(command)}\n", done.stderr)
    assert not running(str(program))


def test_a_process_that_ends_by_itself_is_no_matter(tmp_path):
    program = tmp_path / "orphan.py"
    program.write_text(ORPHAN.format(signals="pass", seconds=0.3))
    done = attended(sys.executable, str(program), patience="30")
    assert (done.returncode, done.stdout, done.stderr) == (0, "started\n", "")
    assert not running(str(program))


def test_an_orphan_is_no_zombie_while_the_command_runs(tmp_path):
    program = tmp_path / "orphan.py"
    program.write_text(ORPHAN.format(signals="pass", seconds=0))
    # The attendant is the parent of the shell; the orphan becomes its child when the orphan's own parent ends.
    states = "cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent=$PPID '$4 == parent {print $3}'"
    wait = f"for n in $(seq 100); do states=$({states}); [ $states = S ] && break; sleep 0.1; done"
    script = f"{sys.executable} {program}; {wait} 2>/dev/null; echo $states"
    lines = attended("sh", "-c", script).stdout.splitlines()
    assert (lines[0], lines[1:]) == ("started", ["S"])


def test_a_signal_that_ends_the_command_first_ends_the_attendant():
    """A signal to the process group may end the command before the attendant passes it on."""
    attendant = attend.Attendant(["sleep", "60"])
    os.kill(attendant.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, attendant.process.pid, os.WEXITED | os.WNOWAIT)
    attendant.terminate()
    assert attendant.run() == 128 + signal.SIGKILL
