# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of the lab as a host for the conformance tests: its files, and devices that are held."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from .machine import Machine

PATIENCE = 60.0


class Call:
    """A file call of the agent; ``reply`` is its result or errno, ``blocked`` the place where the kernel blocks it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.reply: dict[str, Any] | None = None
        self.blocked: str | None = None

    def take(self, message: dict[str, Any]) -> None:
        """Record a message of the agent."""
        with self.changed:
            if "blocked" in message:
                self.blocked = message["blocked"]
            else:
                self.reply = message
            self.changed.notify_all()

    def wait_until_blocked(self) -> None:
        """Wait until the kernel blocks the call; fail if the call ends instead."""
        with self.changed:
            self.changed.wait_for(lambda: self.blocked or self.reply, PATIENCE)
            assert self.blocked and not self.reply, f"the call did not block but ended: {self.reply}"

    def finish(self) -> OSError | None:
        """Wait until the call ends, and return its error."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.reply is not None, PATIENCE), f"still blocked in {self.blocked}"
            assert self.reply is not None
        number = self.reply.get("errno")
        return OSError(number, os.strerror(number)) if number else None

    def result(self) -> Any:
        """Wait for the result. Raises the OSError of the call."""
        problem = self.finish()
        if problem:
            raise problem
        assert self.reply is not None
        return self.reply["result"]


class LabFiles:
    """Files and devices of the guest; paths are relative to its root."""

    def __init__(self, machine: Machine) -> None:
        self.numbers = itertools.count(1)
        self.calls: dict[int, Call] = {}
        self.held: set[str] = set()
        machine.install()
        self.agent = subprocess.Popen(
            machine.program("agent"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.agent.stdout is not None
        for line in self.agent.stdout:
            message = json.loads(line)
            self.calls[message["id"]].take(message)

    def start(self, call: str, *arguments: str, watch: bool = False) -> Call:
        """Start a call."""
        assert self.agent.stdin is not None
        number = next(self.numbers)
        self.calls[number] = begun = Call()
        request = {"id": number, "call": call, "arguments": arguments, "watch": watch}
        self.agent.stdin.write(json.dumps(request) + "\n")
        self.agent.stdin.flush()
        return begun

    def read(self, path: str) -> bytes:
        return base64.b64decode(self.start("read", f"/{path}").result())

    def write(self, path: str, data: bytes) -> None:
        self.start("write", f"/{path}", base64.b64encode(data).decode()).result()

    def list(self, path: str) -> list[str]:
        names: list[str] = self.start("list", f"/{path}").result()
        return names

    def link(self, path: str) -> str:
        target: str = self.start("link", f"/{path}").result()
        return target

    def exists(self, path: str) -> bool:
        found: bool = self.start("exists", f"/{path}").result()
        return found

    def unlink(self, path: str) -> None:
        self.start("unlink", f"/{path}").result()

    def look(self, paths: Iterable[str]) -> Sequence[Any]:
        """Return for each path the name of a link target, the names in a directory, the text of a file, or None."""
        found: Sequence[Any] = self.start("look", *(f"/{path}" for path in paths)).result()
        return found

    def hold(self, device: str) -> None:
        """Open an mdev or PCI function like a virtual machine. Raises the OSError of the kernel."""
        path = f"sys/bus/{'mdev' if len(device) == 36 else 'pci'}/devices/{device}/iommu_group"
        self.start("hold", self.link(path).rpartition("/")[2], device).result()
        self.held.add(device)

    def release(self, device: str) -> None:
        """Close a device that is held."""
        self.start("release", device).result()
        self.held.remove(device)

    def blocked(self, call: str, path: str, *data: bytes) -> Call:
        """Start a call that the kernel blocks."""
        begun = self.start(call, f"/{path}", *(base64.b64encode(part).decode() for part in data), watch=True)
        begun.wait_until_blocked()
        return begun

    def close(self) -> None:
        """End the agent."""
        self.agent.kill()
        self.agent.wait()
