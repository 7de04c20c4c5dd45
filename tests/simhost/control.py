# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer requests of the command through the file ``.simhost/control``: one JSON object and one answer each."""

from __future__ import annotations

import errno
import json
import os
import shlex
from collections.abc import Callable
from typing import Any

from .fleet import Fleet
from .host import DEFAULT_COMMAND, SimHost
from .profile import ProfileError

COMM_LENGTH = 15
Request = dict[str, Any]


def answer(fleet: Fleet, data: bytes) -> bytes:
    """Handle one request; return ``{"result": ...}`` or ``{"error": "one sentence"}``."""
    try:
        request = json.loads(data)
        if request["command"] == "status":
            result: Any = _status(fleet)
        else:
            host = fleet.host(request["host"])
            if host is None:
                raise ProfileError(f"there is no host {request['host']!r}; there are {', '.join(fleet.profiles)}")
            result = _HOST_COMMANDS[request["command"]](host, request)
        reply = {"result": result}
    except OSError as problem:
        reply = {"error": f"{errno.errorcode.get(problem.errno or 0, '?')}: {problem.strerror}"}
    except (KeyError, ValueError) as problem:
        reply = {"error": str(problem)}
    return json.dumps(reply).encode() + b"\n"


def _status(fleet: Fleet) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "hosts": {
            name: {"profile": profile, **(_host_status(fleet.built[name]) if name in fleet.built else {})}
            for name, profile in fleet.profiles.items()
        },
    }


def _host_status(host: SimHost) -> dict[str, Any]:
    with host.operations.lock:
        return {
            "kernel": host.profile.kernel,
            "boots": host.boots,
            "mdevs": len(host.mdev.devices),
            "holders": [
                {"device": holder.device.name, "pid": holder.process.pid, "comm": holder.process.comm}
                for process in host.holders.processes.values()
                for holder in process.holders
            ],
            "pending": [
                {"call": operation.name, "reason": operation.wait.reason if operation.wait else ""}
                for operation in host.operations.pending
            ],
            "faults": len(host.faults.active),
        }


def _hold(host: SimHost, request: Request) -> int:
    words = shlex.split(request.get("cmdline") or "") or list(DEFAULT_COMMAND)
    return host.hold(request["device"], request.get("pid"), os.path.basename(words[0])[:COMM_LENGTH], words)


def _release(host: SimHost, request: Request) -> None:
    host.release(request["device"])


def _fault(host: SimHost, request: Request) -> None:
    number = getattr(errno, request["errno"], None)
    if not isinstance(number, int):
        raise ValueError(f"{request['errno']!r} is not the name of an errno, such as EIO")
    with host.operations.lock:
        operations = (request["operation"],) if request.get("operation") else ("read", "write", "list")
        host.faults.fail(request["path"].lstrip("/"), number, operations, times=request.get("times"))


def _slow(host: SimHost, request: Request) -> None:
    with host.operations.lock:
        host.faults.delay(request["path"].lstrip("/"), request["seconds"], (request["operation"],))


def _clear_faults(host: SimHost, request: Request) -> None:
    with host.operations.lock:
        host.faults.clear()


def _reboot(host: SimHost, request: Request) -> None:
    late = (word.partition("=") for word in request.get("late", []))
    host.reboot({name: float(seconds) for name, dummy, seconds in late})


def _interface(host: SimHost, request: Request) -> None:
    if request["interface"] not in host.netdevs:
        raise ValueError(f"there is no interface {request['interface']!r}")
    with host.operations.lock:
        host.netdev_up(request["interface"], request["state"] == "up")


_HOST_COMMANDS: dict[str, Callable[[SimHost, Request], Any]] = {
    "hold": _hold,
    "release": _release,
    "fault": _fault,
    "slow": _slow,
    "clear-faults": _clear_faults,
    "reboot": _reboot,
    "interface": _interface,
}
