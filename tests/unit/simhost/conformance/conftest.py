# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the same tests on both fronts of the simulator and, with ``--lab``, on the kernel of the running lab."""

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
# Two igb on different NUMA nodes, an NVMe whose VFs have no resources, and two functions in one IOMMU group.
IGB, OTHER_IGB, NVME = "0000:41:00.0", "0000:81:00.0", "0000:c1:00.0"
TOGETHER = ("0000:21:00.0", "0000:21:00.1")
NATIVE = {IGB: "igb", OTHER_IGB: "igb", NVME: "nvme", TOGETHER[0]: "e1000e", TOGETHER[1]: "e1000e"}
ENABLE_SRIOV = "sys/module/vfio_pci/parameters/enable_sriov"
# The content of each path in the lab after the boot.
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
    """A call that blocks in the kernel."""

    def finish(self) -> OSError | None:
        """Wait for the end of the call; return the error, or None."""


class Host(Protocol):
    """The operations of a test, whatever the host."""

    files: Files

    def text(self, path: str) -> str:
        """Return the content of a file without the last newline."""

    def number(self, path: str) -> int:
        """Return the number in a file."""

    def target(self, path: str) -> str:
        """Return the last part of a link's target."""

    def hold(self, device: str) -> str | None:
        """Open a device like a guest; return the errno by name, or None."""

    def release(self, device: str) -> None:
        """Close the device."""

    def blocked_write(self, path: str, data: bytes) -> Pending:
        """Start a write that blocks."""

    def blocked_read(self, path: str) -> Pending:
        """Start a read that blocks."""


class Lab(Readable):
    """The kernel of the lab."""

    def __init__(self) -> None:
        self.files: LabFiles = LabFiles(running_machine())

    def hold(self, device: str) -> str | None:
        """Open a device; return the errno by name, or None."""
        return refusal(self.files.hold, device)

    def release(self, device: str) -> None:
        """Close the device."""
        self.files.release(device)

    def blocked_write(self, path: str, data: bytes) -> Call:
        """Start a write that blocks in the kernel."""
        return self.files.blocked("write", path, data)

    def blocked_read(self, path: str) -> Call:
        """Start a read that blocks in the kernel."""
        return self.files.blocked("read", path)

    def put_back(self) -> None:
        """Restore the state after the boot."""
        for device in list(self.files.held):
            self.release(device)
        # Compare first: most tests leave little behind, and every call to the guest is slow.
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
        """Return the current content of each path that differs from the boot."""
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
    """Connect to the lab."""
    connected = Lab()
    connected.put_back()
    yield connected
    connected.files.close()


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Return a freshly booted host with the configuration of tests/lab."""
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
    """Write a value; return the errno by name, or None."""
    return refusal(host.files.write, path, f"{value}".encode())


def types(parent: str) -> str:
    """Return the directory with the types of a parent."""
    return f"sys/class/mdev_bus/{parent}/mdev_supported_types"


def create(host: Host, parent: str, kind: str, name: str) -> str | None:
    """Create an mdev; return the errno by name, or None."""
    return write(host, f"{types(parent)}/{kind}/create", name)


def driver(host: Host, address: str) -> str | None:
    """Return the driver of a function, or None."""
    path = f"{DEVICES}/{address}/driver"
    return host.target(path) if host.files.exists(path) else None


def to_vfio(host: Host, address: str) -> None:
    """Bind one device to vfio-pci with driver_override, unbind and probe."""
    bound = driver(host, address)
    write(host, f"{DEVICES}/{address}/driver_override", "vfio-pci")
    if bound:
        write(host, f"{DRIVERS}/{bound}/unbind", address)
    assert write(host, PROBE, address) is None


def set_vfs(host: Host, pf: str, number: object) -> str | None:
    """Write sriov_numvfs; return the errno by name, or None."""
    return write(host, f"{DEVICES}/{pf}/sriov_numvfs", number)


def vfs(host: Host, pf: str) -> list[str]:
    """Return the addresses of the VFs behind the PF's links, in order."""
    path = f"{DEVICES}/{pf}"
    links = sorted((name for name in host.files.list(path) if name.startswith("virtfn")), key=lambda n: int(n[6:]))
    assert links == [f"virtfn{number}" for number in range(len(links))]
    return [host.target(f"{path}/{link}") for link in links]
