# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test NVIDIA's vendor-specific VFIO framework, and the steps that enable and disable VFs."""

from __future__ import annotations

import pytest

from .conftest import Boot, Simulation, refusal

VF = "sys/bus/pci/devices/0000:84:00.4/nvidia"
NEXT = "sys/bus/pci/devices/0000:84:00.5/nvidia"
TYPE_24Q, TYPE_48Q, UNKNOWN = 1155, 1156, 42


def select(simulation: Simulation, value: object, vf: str = VF) -> str | None:
    return refusal(simulation.files.write, f"{vf}/current_vgpu_type", f"{value}".encode())


def creatable(simulation: Simulation, vf: str) -> dict[int, str]:
    header, *lines = simulation.text(f"{vf}/creatable_vgpu_types").split("\n")
    assert header == "ID    : vGPU Name"
    return {int(line.partition(":")[0]): line.partition(":")[2].strip() for line in lines}


@pytest.mark.parametrize(
    ("before", "value", "expected", "after"),
    [
        (0, "abc", "EINVAL", 0),
        (0, "0x10", "EINVAL", 0),
        (0, "-1", "EINVAL", 0),
        (0, str(1 << 32), "ERANGE", 0),
        (0, "0", "EPERM", 0),
        (0, UNKNOWN, "EIO", 0),
        (0, f"{TYPE_24Q}\n", None, TYPE_24Q),
        (TYPE_24Q, TYPE_24Q, "EPERM", TYPE_24Q),
        (TYPE_24Q, TYPE_48Q, "EPERM", TYPE_24Q),
        (TYPE_24Q, "0", None, 0),
    ],
)
def test_transitions(boot: Boot, before: int, value: object, expected: str | None, after: int) -> None:
    host = boot("l40s")
    if before:
        assert select(host, before) is None
    assert select(host, value) == expected
    assert host.number(f"{VF}/current_vgpu_type") == after


def test_list_of_types_shrinks(boot: Boot) -> None:
    host = boot("l40s")
    everything = creatable(host, VF)
    assert everything[TYPE_24Q] == "NVIDIA L40S-24Q"
    assert len(everything) == 23
    select(host, TYPE_24Q)
    assert creatable(host, VF) == {}
    assert {name.rstrip("QA") for name in creatable(host, NEXT).values()} == {"NVIDIA L40S-24"}
    select(host, TYPE_24Q, NEXT)
    third = VF.replace("00.4", "00.6")
    assert creatable(host, third) == {}
    assert select(host, TYPE_24Q, third) == "EIO"
    assert len(creatable(host, "sys/bus/pci/devices/0000:c4:00.4/nvidia")) == 23
    select(host, 0)
    assert TYPE_24Q in creatable(host, third)


def test_use_by_a_guest(boot: Boot) -> None:
    host = boot("l40s")
    assert refusal(host.host.hold, "0000:84:00.4") == "ENODEV"
    select(host, TYPE_24Q)
    host.host.hold("0000:84:00.4")
    assert select(host, 0) == "EPERM"
    assert refusal(host.files.write, f"{VF}/vgpu_params", b"x=1") == "EPERM"
    host.host.release("0000:84:00.4")
    assert select(host, 0) is None


def test_other_files(boot: Boot) -> None:
    host = boot("l40s")
    for name in ("placement_id", "gpu_instance_id", "vgpu_params"):
        assert refusal(host.files.read, f"{VF}/{name}") == "ENXIO"
    select(host, TYPE_24Q)
    assert host.number(f"{VF}/gpu_instance_id") == 0xFFFFFFFF
    assert refusal(host.files.write, f"{VF}/vgpu_params", b"x" * 2000) == "E2BIG"
    host.files.write(f"{VF}/vgpu_params", b"frame_rate_limiter=0\n")
    assert host.text(f"{VF}/vgpu_params") == "frame_rate_limiter=0"
    host.files.write(f"{VF}/vgpu_params", b" ")
    assert refusal(host.files.read, f"{VF}/vgpu_params") == "ENXIO"


def test_there_is_no_mdev(boot: Boot) -> None:
    host = boot("l40s")
    assert not host.files.exists("sys/class/mdev_bus")
    assert not host.files.exists("sys/bus/mdev")
    assert host.target("sys/bus/pci/devices/0000:84:00.4/driver") == "nvidia"
    group = host.target("sys/bus/pci/devices/0000:84:00.4/iommu_group")
    assert host.files.exists(f"dev/vfio/{group}")


def test_vm_name_shows_use_of_an_mdev(boot: Boot) -> None:
    host = boot("t4")
    name = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
    host.files.write("sys/class/mdev_bus/0000:3b:00.0/mdev_supported_types/nvidia-231/create", name.encode())
    path = f"sys/bus/mdev/devices/{name}/nvidia/vm_name"
    assert host.files.read(path) == b""
    host.host.hold(name, cmdline=["qemu-system-x86_64", "-name", "guest=desktop,debug-threads=on"])
    assert host.text(path) == "desktop"


def sriov_manage(host: Simulation, gpu: str, number: int) -> None:
    """Run the steps of NVIDIA's tool."""
    drivers, override = "sys/bus/pci/drivers", f"sys/bus/pci/devices/{gpu}/driver_override"
    host.files.write(f"proc/driver/nvidia/gpus/{gpu}/unbindLock", b"1\n")
    assert host.text(f"proc/driver/nvidia/gpus/{gpu}/unbindLock") == "1"
    host.files.write(f"{drivers}/nvidia/unbind", gpu.encode())
    host.files.write(override, b"pci-pf-stub")
    host.files.write(f"{drivers}/pci-pf-stub/bind", gpu.encode())
    host.files.write(f"sys/bus/pci/devices/{gpu}/sriov_numvfs", str(number).encode())
    host.files.write(f"{drivers}/pci-pf-stub/unbind", gpu.encode())
    host.files.write(override, b"\n")
    host.files.write(f"{drivers}/nvidia/bind", gpu.encode())


@pytest.mark.parametrize(("profile", "gpu", "number"), [("a40", "0000:41:00.0", 16), ("l40s", "0000:84:00.0", 32)])
def test_vfs_off_and_on(boot: Boot, profile: str, gpu: str, number: int) -> None:
    host = boot(profile)
    parts = ("mdev_supported_types", "nvidia")
    first = f"sys/bus/pci/devices/{gpu[:-1]}4"
    sriov_manage(host, gpu, 0)
    assert not host.files.exists(first)
    sriov_manage(host, gpu, number)
    assert host.number(f"sys/bus/pci/devices/{gpu}/sriov_numvfs") == number
    assert host.target(f"{first}/driver") == "nvidia"
    assert [host.files.exists(f"{first}/{part}") for part in parts] == [profile == "a40", profile == "l40s"]


def test_unbind_lock_is_not_granted_to_nvml_clients(boot: Boot) -> None:
    host = boot("a40", nvml_clients=True)
    path = "proc/driver/nvidia/gpus/0000:41:00.0/unbindLock"
    host.files.write(path, b"1")
    assert host.text(path) == "0"
