# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command that is never silent for long, and that leaves no process behind.

python3 tests/attend.py COMMAND [ARGUMENT...]

While the command prints nothing, its progress is printed: the end of the newest file in .build/log. Processes that
outlive the command are ended and named, and its exit status is passed on. Needs nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent / ".build/log"
# Seconds of silence before the progress is printed. Nobody watches continuous integration.
SILENCE = float(os.environ.get("ATTEND_SECONDS", "60" if os.environ.get("CI") else "8"))
# Seconds in which orphans may end by themselves, and again after a signal.
PATIENCE = float(os.environ.get("ATTEND_PATIENCE", "10"))
AT_WORK = "at work"
WIDTH = 100
POLL = 0.1
SET_CHILD_SUBREAPER = 36


def progress(since: float) -> str:
    """The name of the newest log and its last task or line; nothing of logs that were not written since then."""
    with contextlib.suppress(OSError, ValueError):
        newest = max(LOGS.glob("*.log"), key=lambda path: path.stat().st_mtime)
        if newest.stat().st_mtime < since:
            return AT_WORK
        with newest.open("rb") as log:
            log.seek(max(0, newest.stat().st_size - 4000))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        tasks = [line for line in lines if line.startswith("TASK [")]
        last = (tasks or lines or [AT_WORK])[-1]
        return f"{newest.stem}: {' '.join(last.strip('* ').split())}"[:WIDTH]
    return AT_WORK


def descendants(root: int) -> list[int]:
    """The processes below a process, parents first, without zombies."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            state, parent = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                parents.setdefault(int(parent), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found[1:]


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        arguments = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
        return " ".join(arguments).strip()[:WIDTH]
    return ""


class Attendant:
    """Passes on what a command prints, and says what it does while it prints nothing."""

    def __init__(self, command: list[str]) -> None:
        self.begin = self.printed = time.monotonic()
        self.status = ""
        self.heard = time.time()
        # Both in one pipe where both go to the same place, so that their order is kept.
        together = os.fstat(1) == os.fstat(2)
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            env={**os.environ, "ATTENDED": "yes"},
        )
        self.pipes = selectors.DefaultSelector()
        for pipe, place in ((self.process.stdout, 1), (self.process.stderr, 2)):
            if pipe:
                os.set_blocking(pipe.fileno(), False)
                self.pipes.register(pipe, selectors.EVENT_READ, place)

    def run(self) -> int:
        """The exit status of the command, whose orphans are reaped meanwhile."""
        status = None
        while status is None:
            self.forward(POLL)
            if time.monotonic() - self.printed > SILENCE:
                self.report()
            status = self.reap()
        while self.forward(0):
            pass
        self.clear()
        return status

    def forward(self, seconds: float) -> bool:
        """Whether something was printed."""
        some = False
        for key, _events in self.pipes.select(seconds):
            data = os.read(key.fd, 65536)
            if not data:
                self.pipes.unregister(key.fileobj)
                continue
            self.clear()
            write(key.data, data)
            self.printed, self.heard, some = time.monotonic(), time.time(), True
        if not self.pipes.get_map():
            time.sleep(seconds)
        return some

    def report(self) -> None:
        self.printed = time.monotonic()
        text = f"    {self.printed - self.begin:.0f} s  {progress(self.heard)}"
        self.clear()
        if os.isatty(1):
            self.status = text
            write(1, text.encode())
        else:
            write(1, f"{text}\n".encode())

    def clear(self) -> None:
        if self.status:
            write(1, b"\r\033[K")
            self.status = ""

    def reap(self) -> int | None:
        """The exit status of the command if it has ended."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, result = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return None
                if pid == self.process.pid:
                    # Popen must not wait for it again.
                    self.process.returncode = (
                        128 + os.WTERMSIG(result) if os.WIFSIGNALED(result) else os.WEXITSTATUS(result)
                    )
                    return self.process.returncode
        return None

    def end_the_others(self) -> None:
        """End what has outlived the command, and name it."""
        if not self.others_ended():
            for pid in descendants(os.getpid()):
                print(f"Ended process {pid}, which was left: {command_line(pid)}", file=sys.stderr)
        for stop in (signal.SIGTERM, signal.SIGKILL):
            for pid in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, stop)
            if self.others_ended():
                return

    def others_ended(self) -> bool:
        """Wait for the end of all processes, which are reaped."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.reap()
            if not descendants(os.getpid()):
                # One that was a zombie just now is reaped here.
                self.reap()
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)


def write(place: int, data: bytes) -> None:
    while data:
        data = data[os.write(place, data) :]


def main() -> int:
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A terminal sends Ctrl-C to the command as well, which ends what it has begun.
    signal.signal(signal.SIGINT, lambda *_: None)
    attendant = Attendant(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: attendant.process.terminate())
    try:
        return attendant.run()
    finally:
        attendant.end_the_others()


if __name__ == "__main__":
    sys.exit(main())
