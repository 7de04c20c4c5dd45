# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tests on both fronts of the simulator and, with ``--lab``, on the running lab's kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest
from ansible_collections.vfio.devices.tests.lab import running_machine
from ansible_collections.vfio.devices.tests.lab.kernel import Call, LabFiles
from ansible_collections.vfio.devices.tests.simhost import SimHost

from ..conftest import Files, Mount, Readable, Simulation, refusal

MDEVS = "sys/bus/mdev/devices"
DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"
PROBE = "sys/bus/pci/drivers_probe"
# Two igb on different NUMA nodes, an NVMe whose VFs have no resources, two functions in one IOMMU group.
IGB, OTHER_IGB, NVME = "0000:41:00.0", "0000:81:00.0", "0000:c1:00.0"
TOGETHER = ("0000:21:00.0", "0000:21:00.1")
NATIVE = {IGB: "igb", OTHER_IGB: "igb", NVME: "nvme", TOGETHER[0]: "e1000e", TOGETHER[1]: "e1000e"}
ENABLE_SRIOV = "sys/module/vfio_pci/parameters/enable_sriov"
# What the lab's kernel has at each path after the boot.
AT_BOOT: dict[str, object] = {
    MDEVS: [],
    ENABLE_SRIOV: "N\n",
    **{f"{DEVICES}/{address}/driver": native for address, native in NATIVE.items()},
    **{f"{DEVICES}/{address}/driver_override": "(null)\n" for address in NATIVE},
    **{f"{DEVICES}/{pf}/sriov_drivers_autoprobe": "1\n" for pf in (IGB, OTHER_IGB, NVME)},
    **{f"{DEVICES}/{pf}/virtfn0": None for pf in (IGB, OTHER_IGB, NVME)},
}
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
OTHER = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"


class Pending(Protocol):
    """A call that the kernel blocks."""

    def finish(self) -> OSError | None:
        """Wait for its end; the error, or None."""


class Host(Protocol):
    """What a test may do, whatever is behind it."""

    files: Files

    def text(self, path: str) -> str:
        """The content of a file."""

    def number(self, path: str) -> int:
        """The number in a file."""

    def target(self, path: str) -> str:
        """Where a link points to."""

    def hold(self, device: str) -> str | None:
        """Open a device as a guest does."""

    def release(self, device: str) -> None:
        """Close it again."""

    def blocked_write(self, path: str, data: bytes) -> Pending:
        """Begin a write that does not return."""

    def blocked_read(self, path: str) -> Pending:
        """Begin a read that does not return."""


class Lab(Readable):
    """The lab's kernel."""

    def __init__(self) -> None:
        self.files: LabFiles = LabFiles(running_machine())

    def hold(self, device: str) -> str | None:
        """Hold a device; the errno by name if it cannot be."""
        return refusal(self.files.hold, device)

    def release(self, device: str) -> None:
        """Close it."""
        self.files.release(device)

    def blocked_write(self, path: str, data: bytes) -> Call:
        """Write where the kernel blocks."""
        return self.files.blocked("write", path, data)

    def blocked_read(self, path: str) -> Call:
        """Read where the kernel blocks."""
        return self.files.blocked("read", path)

    def put_back(self) -> None:
        """Bring everything into the state of the boot."""
        for device in list(self.files.held):
            self.release(device)
        # One look first: most tests leave little behind, and every call to the guest takes its time.
        differing = self._differing()
        if not differing:
            return
        for name in self.files.list(MDEVS):
            self.files.write(f"{MDEVS}/{name}/remove", b"1")
        self.files.write(ENABLE_SRIOV, b"N")
        for address, native in NATIVE.items():
            if any(address in path for path in differing):
                self._put_back(address, native)
        assert self._differing() == {}

    def _differing(self) -> dict[str, object]:
        """What is not as it was at boot, by path."""
        found = zip(AT_BOOT.items(), self.files.look(AT_BOOT), strict=True)
        return {path: now for (path, before), now in found if now != before}

    def _put_back(self, address: str, native: str) -> None:
        path = f"{DEVICES}/{address}"
        if not self.files.exists(path):
            self.files.write("sys/bus/pci/rescan", b"1")
        if self.files.exists(f"{path}/virtfn0"):
            self.files.write(f"{path}/sriov_numvfs", b"0")
        if self.files.exists(f"{path}/sriov_drivers_autoprobe"):
            self.files.write(f"{path}/sriov_drivers_autoprobe", b"1")
        self.files.write(f"{path}/driver_override", b"\n")
        bound = self.target(f"{path}/driver") if self.files.exists(f"{path}/driver") else None
        if bound != native:
            if bound:
                self.files.write(f"{DRIVERS}/{bound}/unbind", address.encode())
            self.files.write(PROBE, address.encode())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", action="store_true", help="run the conformance tests on the lab's kernel")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "host" in metafunc.fixturenames:
        fronts = ["lab"] if metafunc.config.getoption("--lab", default=False) else ["accessor", "fuse"]
        metafunc.parametrize("host", fronts, indirect=True)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The connection to the lab."""
    connected = Lab()
    connected.put_back()
    yield connected
    connected.files.close()


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host as tests/lab has it, just booted."""
    if request.param == "lab":
        connected: Lab = request.getfixturevalue("lab")
        yield connected
        connected.put_back()
    elif request.param == "fuse":
        mounted: Mount = request.getfixturevalue("mount")
        yield mounted.boot("lab", {})
    else:
        simulated = SimHost("lab")
        yield Simulation(simulated, simulated.accessor())


def write(host: Host, path: str, value: object) -> str | None:
    """Write; the errno by name if it fails."""
    return refusal(host.files.write, path, f"{value}".encode())


def types(parent: str) -> str:
    """The directory of a parent's types."""
    return f"sys/class/mdev_bus/{parent}/mdev_supported_types"


def create(host: Host, parent: str, kind: str, name: str) -> str | None:
    """Create an mdev; the errno by name if it fails."""
    return write(host, f"{types(parent)}/{kind}/create", name)


def driver(host: Host, address: str) -> str | None:
    """The driver of a function."""
    path = f"{DEVICES}/{address}/driver"
    return host.target(path) if host.files.exists(path) else None


def to_vfio(host: Host, address: str) -> None:
    """The safe sequence for one device."""
    bound = driver(host, address)
    write(host, f"{DEVICES}/{address}/driver_override", "vfio-pci")
    if bound:
        write(host, f"{DRIVERS}/{bound}/unbind", address)
    assert write(host, PROBE, address) is None


def set_vfs(host: Host, pf: str, number: object) -> str | None:
    """Write sriov_numvfs; the errno by name if it fails."""
    return write(host, f"{DEVICES}/{pf}/sriov_numvfs", number)


def vfs(host: Host, pf: str) -> list[str]:
    """The VF addresses behind the PF's links, in order."""
    path = f"{DEVICES}/{pf}"
    links = sorted((name for name in host.files.list(path) if name.startswith("virtfn")), key=lambda n: int(n[6:]))
    assert links == [f"virtfn{number}" for number in range(len(links))]
    return [host.target(f"{path}/{link}") for link in links]
