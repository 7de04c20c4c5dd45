# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount, find and unmount a fleet, and run its daemon."""

from __future__ import annotations

import contextlib
import ctypes.util
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .fleet import Fleet, build, host_names

CHECKOUT = Path(__file__).parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
CONTROL = ".simhost/control"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class MountError(RuntimeError):
    """An error of the mount; the text is one sentence."""


def check_requirements() -> None:
    """Raise MountError with the missing requirement of FUSE."""
    if not os.path.exists("/dev/fuse"):
        raise MountError("/dev/fuse is missing: load the module fuse, or pass the device into the container")
    if shutil.which("fusermount3") is None:
        raise MountError("fusermount3 is missing: install the package fuse3")
    if ctypes.util.find_library("fuse3") is None:
        raise MountError("libfuse3 is missing: install the package fuse3")


def request(directory: Path, **fields: Any) -> Any:
    """Send a request to the daemon of a mount. Raises MountError with its error, or if there is no daemon."""
    try:
        with open(directory / CONTROL, "r+b", buffering=0) as control:
            control.write(json.dumps(fields).encode())
            control.seek(0)
            reply = json.loads(control.readall() or b"{}")
    except OSError as problem:
        raise MountError(f"{directory} is not a mounted fleet of simulated hosts: {problem.strerror}") from problem
    if "error" in reply:
        raise MountError(reply["error"])
    return reply.get("result")


def is_dead(directory: Path) -> bool:
    """Return whether the directory is the mount point of a daemon that has ended."""
    try:
        directory.stat()
    except OSError as problem:
        return problem.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    return False


def detach(directory: Path) -> None:
    """Remove a mount, even if it is in use."""
    subprocess.run(["fusermount3", "-u", "-z", "--", str(directory)], capture_output=True, check=False)


def prepare(directory: Path) -> None:
    """Prepare the mount point: create it, or remove the mount of a dead daemon. Raises MountError."""
    check_requirements()
    if is_dead(directory):
        detach(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if os.path.ismount(directory):
        raise MountError(f"{directory} is mounted already: unmount it first")


def mount(directory: Path, hosts: Sequence[str]) -> int:
    """Start a daemon in the background; return its process id when the mount responds.

    Raises MountError or ProfileError.
    """
    for profile in set(host_names(hosts).values()):
        # Report errors of a profile here, and not at the first access of its host.
        build(profile, "host")
    prepare(directory)
    command = [sys.executable, "-m", "tests.simhost", "mount", "--foreground", str(directory), *hosts]
    path = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile() as log:
        daemon = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        if _poll(lambda: daemon.poll() is not None or _answers(directory), START_SECONDS) and daemon.poll() is None:
            # The daemon intentionally outlives this process.
            daemon.returncode = 0
            return daemon.pid
        daemon.kill()
        log.seek(0)
        reason = log.read().decode(errors="replace").strip().splitlines()
    raise MountError(f"the daemon did not start: {'; '.join(reason[-2:]) or 'no answer in time'}")


def serve(directory: Path, hosts: Sequence[str]) -> None:
    """Mount and serve in this process until it is unmounted or receives a signal. Raises MountError."""
    fleet = Fleet(host_names(hosts))
    prepare(directory)
    from .fuse_front import serve as serve_fleet  # needs libfuse

    # Signals do not interrupt threads: they are pending until the main thread waits for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve_fleet, fleet, directory)
        served.add_done_callback(lambda _: os.kill(os.getpid(), signal.SIGTERM))
        signal.sigwait(STOP_SIGNALS)
        fleet.stop()
        while not served.done():
            # The front of a stopped fleet ends when this file is closed.
            with contextlib.suppress(OSError), open(directory / CONTROL, "rb"):
                detach(directory)
            time.sleep(POLL_SECONDS)
    try:
        served.result()
    except RuntimeError as problem:
        raise MountError(f"libfuse could not serve {directory}") from problem


def unmount(directory: Path) -> None:
    """End blocked calls, unmount, and wait until the daemon ends; do nothing if nothing is mounted."""
    if is_dead(directory):
        detach(directory)
    elif os.path.ismount(directory):
        pid = request(directory, command="status")["pid"]
        os.kill(pid, signal.SIGTERM)
        if not _poll(lambda: not is_running(pid), STOP_SECONDS):
            raise MountError(f"the daemon {pid} does not end")


def _answers(directory: Path) -> bool:
    try:
        request(directory, command="status")
    except MountError:
        return False
    return True


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _poll(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True
