# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make file calls and hold devices in the guest: one JSON object per line as input and output.

Each call has its own thread, so that a call that the kernel blocks does not delay others.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from .holder import hold, release

LOOK_SECONDS = 0.1
# A driver that sleeps, such as igb while it disables VFs, is not blocked.
PAUSES = ("sleep", "schedule_timeout")
STEADY_LOOKS = 15

output = threading.Lock()
held: dict[str, list[int]] = {}


def say(**message: Any) -> None:
    """Write one message."""
    with output:
        print(json.dumps(message), flush=True)


def read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        content = b""
        while chunk := os.read(descriptor, 65536):
            content += chunk
        return base64.b64encode(content).decode()
    finally:
        os.close(descriptor)


def write(path: str, data: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, base64.b64decode(data))
    finally:
        os.close(descriptor)


def look(*paths: str) -> list[Any]:
    """Return for each path the name of a link target, the names in a directory, the text of a file, or None."""
    return [look_at(path) for path in paths]


def look_at(path: str) -> Any:
    try:
        if os.path.islink(path):
            return os.path.basename(os.readlink(path))
        if os.path.isdir(path):
            return os.listdir(path)
        with open(path, encoding="ascii") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def hold_device(group: str, device: str) -> None:
    held[device] = hold(group, device)


def release_device(device: str) -> None:
    release(held.pop(device))


CALLS: dict[str, Callable[..., Any]] = {
    "read": read,
    "write": write,
    "list": os.listdir,
    "link": os.readlink,
    "exists": os.path.exists,
    "unlink": os.unlink,
    "look": look,
    "hold": hold_device,
    "release": release_device,
}


def serve(number: int, call: str, arguments: list[str], watch: bool) -> None:
    """Make a call and report its result or errno; with ``watch``, also report where the kernel blocks it."""
    done = threading.Event()
    if watch:
        threading.Thread(target=observe, args=(number, threading.get_native_id(), done), daemon=True).start()
    try:
        say(id=number, result=CALLS[call](*arguments))
    except OSError as problem:
        say(id=number, errno=problem.errno)
    done.set()


def observe(number: int, thread: int, done: threading.Event) -> None:
    """Report once in which kernel function the thread waits, after it has been the same for a while."""
    place, steady = "", 0
    while steady < STEADY_LOOKS:
        if done.wait(LOOK_SECONDS):
            return
        now = in_kernel(thread)
        steady = steady + 1 if now and now == place else 0
        place = now
    say(id=number, blocked=place)


def in_kernel(thread: int) -> str:
    """Return the kernel function in which a read or write of a thread waits, or an empty text."""
    with open(f"/proc/self/task/{thread}/syscall", encoding="ascii") as stream:
        if stream.read().split()[0] not in ("0", "1"):
            return ""
    with open(f"/proc/self/task/{thread}/wchan", encoding="ascii") as stream:
        function = stream.read()
    return "" if function == "0" or any(word in function for word in PAUSES) else function


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        threading.Thread(
            target=serve,
            args=(request["id"], request["call"], request["arguments"], request["watch"]),
            daemon=True,
        ).start()
    # A blocked call must not keep the connection open.
    os._exit(0)
