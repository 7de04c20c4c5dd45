# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access both fronts of the simulated host through one interface, so that both are tested for each rule."""

from __future__ import annotations

import errno
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from ansible_collections.vfio.devices.tests.simhost import Blocked, SimHost
from ansible_collections.vfio.devices.tests.simhost.clock import RealClock
from ansible_collections.vfio.devices.tests.simhost.fleet import Fleet
from ansible_collections.vfio.devices.tests.simhost.fuse_front import serve
from ansible_collections.vfio.devices.tests.simhost.mounting import detach, prepare

PATIENCE = 10.0
# A card with an embedded switch, whose VFs have representors.
SWITCHDEV: dict[str, Any] = {
    "address": "0000:98:00.0",
    "vendor": "15b3",
    "device": "101d",
    "class_code": "020000",
    "driver": "mlx5_core",
    "netdev": {"name": "ens1", "eswitch": "switchdev"},
    "sriov": {"total": 4, "device": "101e", "driver": "mlx5_core", "netdev": True},
}


class Files(Protocol):
    """The operations of the tests on the files of a host."""

    def read(self, path: str) -> bytes:
        """Return the content of a file."""

    def list(self, path: str) -> list[str]:
        """Return the names in a directory."""

    def link(self, path: str) -> str:
        """Return the target of a link."""

    def exists(self, path: str) -> bool:
        """Return whether the path exists."""

    def write(self, path: str, data: bytes) -> None:
        """Write to an existing file."""

    def unlink(self, path: str) -> None:
        """Remove a file."""


class MountedFiles:
    """The files of a host below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        with open(self.root / path, "rb", buffering=0) as stream:
            return stream.readall()

    def list(self, path: str) -> list[str]:
        return os.listdir(self.root / path)

    def link(self, path: str) -> str:
        return os.readlink(self.root / path)

    def exists(self, path: str) -> bool:
        return os.path.exists(self.root / path)

    def write(self, path: str, data: bytes) -> None:
        descriptor = os.open(self.root / path, os.O_WRONLY)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def unlink(self, path: str) -> None:
        os.unlink(self.root / path)


class Readable:
    """Shorter methods to read the ``files`` of a host."""

    files: Files

    def text(self, path: str) -> str:
        """Return the content of a file without the last newline."""
        content = self.files.read(path)
        assert content.endswith(b"\n"), f"{path} does not end with a newline"
        return content.decode()[:-1]

    def number(self, path: str) -> int:
        """Return the number in a file."""
        return int(self.text(path))

    def target(self, path: str) -> str:
        """Return the last part of a link's target."""
        return self.files.link(path).rpartition("/")[2]


@dataclass
class Simulation(Readable):
    """A simulated host, and its files through one of the fronts."""

    host: SimHost
    files: Files

    def hold(self, device: str) -> str | None:
        """Let a process open a device; return the errno by name, or None."""
        return refusal(self.host.hold, device)

    def release(self, device: str) -> None:
        """Let the process close the device."""
        self.host.release(device)

    def blocked_write(self, path: str, data: bytes) -> Blocking:
        """Start a write that blocks in the kernel."""
        return Blocking(self, lambda: self.files.write(path, data))

    def blocked_read(self, path: str) -> Blocking:
        """Start a read that blocks in the kernel."""
        return Blocking(self, lambda: self.files.read(path))


class Blocking:
    """A call that blocks in the kernel; ``finish`` waits for its end and returns its error."""

    def __init__(self, simulation: Simulation, call: Callable[[], object]) -> None:
        self.call = call
        self.problem: OSError | None = None
        pending = simulation.host.operations.pending
        before = len(pending)
        self.thread: threading.Thread | None = None
        if isinstance(simulation.files, MountedFiles):
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()
            wait_for(lambda: len(pending) > before)
            assert self.thread.is_alive()
        else:
            with pytest.raises(Blocked):
                call()
        self.operation = pending[-1]

    def finish(self) -> OSError | None:
        """Wait for the end of the call; return its error, or None."""
        if self.thread is not None:
            self.thread.join(PATIENCE)
            assert not self.thread.is_alive(), "the call still blocks"
            return self.problem
        assert self.operation.done, "the call still blocks"
        return self.operation.error

    def _run(self) -> None:
        try:
            self.call()
        except OSError as problem:
            self.problem = problem


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail after a generous time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.001)


def refusal(call: Callable[..., Any], *arguments: Any) -> str | None:
    """Return the name of the errno with which a call fails, or None."""
    try:
        call(*arguments)
    except OSError as problem:
        # Both names of this errno have the same number on Linux.
        return "EOPNOTSUPP" if problem.errno == errno.EOPNOTSUPP else errno.errorcode[problem.errno or 0]
    return None


class Mount:
    """One FUSE mount for a whole test run; hosts are added to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.fleet = Fleet({})
        self.numbers = itertools.count(1)
        # This fails with a clear message if FUSE is not available.
        prepare(directory)
        self.thread = threading.Thread(target=serve, args=(self.fleet, directory), daemon=True)
        self.thread.start()
        wait_for(lambda: os.path.ismount(directory))

    def boot(self, profile: Any, changes: dict[str, Any]) -> Simulation:
        """Add a host."""
        name = f"host-{next(self.numbers)}"
        host = SimHost(profile, name=name, clock=RealClock(), **changes)
        self.fleet.built[name] = host
        self.fleet.profiles[name] = name
        return Simulation(host, MountedFiles(self.directory / name))

    def close(self) -> None:
        """Unmount."""
        self.fleet.stop()
        detach(self.directory)
        self.thread.join(PATIENCE)


@pytest.fixture(scope="session")
def mount(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mount]:
    """Return the mount of this test run."""
    mounted = Mount(tmp_path_factory.mktemp("simhost"))
    yield mounted
    mounted.close()


Boot = Callable[..., Simulation]


@pytest.fixture(params=["accessor", "fuse"])
def boot(request: pytest.FixtureRequest) -> Boot:
    """Return a function that boots a host from a profile, with changes to its top-level keys."""
    mounted: Mount | None = request.getfixturevalue("mount") if request.param == "fuse" else None

    def boot_host(profile: Any, **changes: Any) -> Simulation:
        if mounted is not None:
            return mounted.boot(profile, changes)
        host = SimHost(profile, **changes)
        return Simulation(host, host.accessor())

    return boot_host
