# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command, print its progress during silence, and clean up its processes.

python3 tests/attend.py COMMAND [ARGUMENT...]

While the command prints nothing, the end of the newest file in .build/log is printed as its progress. Processes that
outlive the command are killed and reported. The exit status is that of the command. Needs only the standard library.
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
# In seconds: the silence before progress is printed. In continuous integration it can be longer.
SILENCE = float(os.environ.get("ATTEND_SECONDS", "60" if os.environ.get("CI") else "8"))
# In seconds: how long orphans may take to end, and again after a signal.
PATIENCE = float(os.environ.get("ATTEND_PATIENCE", "10"))
AT_WORK = "at work"
WIDTH = 100
POLL = 0.1
SET_CHILD_SUBREAPER = 36


def progress(since: float) -> str:
    """Return the name of the newest log and its last task or line; ignore logs without changes since then."""
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
    """Return the processes below a process, parents first, without zombies."""
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
    """Passes on the output of a command, and prints its progress during silence."""

    def __init__(self, command: list[str]) -> None:
        self.begin = self.printed = time.monotonic()
        self.status = ""
        self.heard = time.time()
        # Use one pipe if both streams go to the same place, to keep their order.
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
        """Wait for the command, reap its orphans, and return its exit status."""
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
        """Pass on output for ``seconds``; return whether there was any."""
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
        """Return the exit status of the command if it has ended."""
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

    def terminate(self) -> None:
        """Pass SIGTERM on to the command. ``Popen.terminate`` could reap it, and :meth:`reap` would miss its end."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)

    def end_the_others(self) -> None:
        """Kill processes that outlive the command, and print them."""
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
        """Wait until all processes have ended, and reap them; return whether they have."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.reap()
            if not descendants(os.getpid()):
                # Reap a process that has just become a zombie.
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
    # A terminal also sends Ctrl-C to the command, which then ends its processes.
    signal.signal(signal.SIGINT, lambda *_: None)
    attendant = Attendant(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: attendant.terminate())
    try:
        return attendant.run()
    finally:
        attendant.end_the_others()


if __name__ == "__main__":
    sys.exit(main())
