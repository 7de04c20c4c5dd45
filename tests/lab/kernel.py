# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's kernel as the conformance tests see a host: its files, and processes that hold devices."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shlex
import subprocess
import threading
from pathlib import Path
from typing import Any

from .image import LabError
from .machine import Machine

HERE = Path(__file__).parent
PATIENCE = 60.0


class Call:
    """One file call that the agent makes; ``reply`` is its result or errno, ``blocked`` where the kernel holds it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.reply: dict[str, Any] | None = None
        self.blocked: str | None = None

    def take(self, message: dict[str, Any]) -> None:
        """Note what the agent said."""
        with self.changed:
            if "blocked" in message:
                self.blocked = message["blocked"]
            else:
                self.reply = message
            self.changed.notify_all()

    def wait_until_blocked(self) -> None:
        """Wait until the kernel blocks the call; an assertion fails if it returns instead."""
        with self.changed:
            self.changed.wait_for(lambda: self.blocked or self.reply, PATIENCE)
            assert self.blocked and not self.reply, f"the call did not block but ended: {self.reply}"

    def finish(self) -> OSError | None:
        """Wait for the end; the error with which the call failed."""
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
    """Files of the guest; paths are relative to its root."""

    def __init__(self, machine: Machine) -> None:
        self.numbers = itertools.count(1)
        self.calls: dict[int, Call] = {}
        program = (HERE / "agent.py").read_text(encoding="utf-8")
        self.agent = subprocess.Popen(
            ["ssh", "-F", str(machine.ssh_config), "lab", shlex.join(["python3", "-c", program])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.agent.stdout is not None
        for line in self.agent.stdout:
            message = json.loads(line)
            self.calls[message["id"]].take(message)

    def start(self, call: str, path: str, *arguments: str, watch: bool = False) -> Call:
        """Begin a call."""
        assert self.agent.stdin is not None
        number = next(self.numbers)
        self.calls[number] = begun = Call()
        request = {"id": number, "call": call, "arguments": ["/" + path, *arguments], "watch": watch}
        self.agent.stdin.write(json.dumps(request) + "\n")
        self.agent.stdin.flush()
        return begun

    def read(self, path: str) -> bytes:
        return base64.b64decode(self.start("read", path).result())

    def write(self, path: str, data: bytes) -> None:
        self.start("write", path, base64.b64encode(data).decode()).result()

    def list(self, path: str) -> list[str]:
        names: list[str] = self.start("list", path).result()
        return names

    def link(self, path: str) -> str:
        target: str = self.start("link", path).result()
        return target

    def exists(self, path: str) -> bool:
        found: bool = self.start("exists", path).result()
        return found

    def unlink(self, path: str) -> None:
        self.start("unlink", path).result()

    def blocked(self, call: str, path: str, *data: bytes) -> Call:
        """Begin a call that the kernel blocks."""
        begun = self.start(call, path, *(base64.b64encode(part).decode() for part in data), watch=True)
        begun.wait_until_blocked()
        return begun

    def close(self) -> None:
        """End the agent."""
        self.agent.kill()
        self.agent.wait()


class Holders:
    """Processes of the guest that have VFIO devices open, by device."""

    def __init__(self, machine: Machine, files: LabFiles) -> None:
        self.machine = machine
        self.files = files
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.machine.ssh("cat >/run/holder.py", data=(HERE / "holder.py").read_text(encoding="utf-8"))

    def hold(self, device: str) -> str:
        """Open an mdev or PCI function; the answer is ``held`` or what the kernel said instead."""
        path = f"sys/bus/{'mdev' if len(device) == 36 else 'pci'}/devices/{device}/iommu_group"
        group = self.files.link(path).rpartition("/")[2]
        process = subprocess.Popen(
            ["ssh", "-F", str(self.machine.ssh_config), "lab", f"exec python3 /run/holder.py {group} {device}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        answer = process.stdout.readline().strip()
        if answer == "held":
            self.processes[device] = process
        else:
            process.wait(PATIENCE)
        return answer

    def release(self, device: str) -> None:
        """Let the process end, which closes the device. Raises LabError if it does not end."""
        process = self.processes.pop(device)
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired as problem:
            raise LabError(f"the process that holds {device} does not end") from problem

    def release_all(self) -> None:
        """Let all end."""
        for device in list(self.processes):
            self.release(device)
