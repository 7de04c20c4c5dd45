# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``remove``: what it parses, and what is left of a device in use."""

from __future__ import annotations

import errno
import os

import pytest

from .conftest import Boot, Mount, MountedFiles, Simulation, refusal

UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
MTTY = "sys/class/mdev_bus/mtty"
KIND = f"{MTTY}/mdev_supported_types/mtty-2"
DEVICE = f"sys/bus/mdev/devices/{UUID}"


def mtty_with_device(boot: Boot, **changes: object) -> Simulation:
    mtty = boot("mtty", **changes)
    mtty.files.write(f"{KIND}/create", UUID.encode())
    return mtty


@pytest.mark.parametrize(
    ("data", "expected", "left"),
    [
        ("1", None, False),
        ("1\n", None, False),
        ("0x1", None, False),
        ("010", None, False),
        ("7", None, False),
        ("0", None, True),
        ("", None, True),
        ("abc", "EINVAL", True),
        (" 1", "EINVAL", True),
        ("-1", "EINVAL", True),
        ("1 1", "EINVAL", True),
        ("99999999999999999999", "EINVAL", True),
    ],
)
def test_parser(boot: Boot, data: str, expected: str | None, left: bool) -> None:
    mtty = mtty_with_device(boot)
    assert refusal(mtty.files.write, f"{DEVICE}/remove", data.encode()) == expected
    assert mtty.files.exists(DEVICE) == left


def test_everything_is_gone(boot: Boot) -> None:
    mtty = mtty_with_device(boot)
    group = mtty.target(f"{DEVICE}/iommu_group")
    mtty.files.write(f"{DEVICE}/remove", b"1\n")
    assert refusal(mtty.files.write, f"{DEVICE}/remove", b"1\n") == "ENOENT"
    assert mtty.files.list(f"{KIND}/devices") == []
    assert not mtty.files.exists(f"{MTTY}/{UUID}")
    assert not mtty.files.exists(f"dev/vfio/{group}")
    assert not mtty.files.exists(f"sys/kernel/iommu_groups/{group}")
    assert mtty.number(f"{KIND}/available_instances") == 12


def test_device_in_use_is_half_removed_until_released(boot: Boot) -> None:
    mtty = mtty_with_device(boot)
    group = mtty.target(f"{DEVICE}/iommu_group")
    mtty.host.hold(UUID)
    write = mtty.blocked_write(f"{DEVICE}/remove", b"1")
    assert not mtty.files.exists(DEVICE)
    assert mtty.files.list(f"{KIND}/devices") == []
    assert mtty.files.list(f"{MTTY}/{UUID}") == ["iommu_group"]
    assert mtty.files.exists(f"dev/vfio/{group}")
    assert mtty.number(f"{KIND}/available_instances") == 11
    assert refusal(mtty.files.write, f"{KIND}/create", UUID.encode()) == "EEXIST"
    assert refusal(mtty.files.write, f"{MTTY}/{UUID}/remove", b"1") == "ENOENT"
    mtty.host.release(UUID)
    assert write.finish() is None
    assert not mtty.files.exists(f"{MTTY}/{UUID}")
    assert not mtty.files.exists(f"dev/vfio/{group}")
    assert mtty.number(f"{KIND}/available_instances") == 12
    assert refusal(mtty.files.write, f"{KIND}/create", UUID.encode()) is None


def test_very_old_kernels_refuse(boot: Boot) -> None:
    mtty = mtty_with_device(boot, kernel="5.2")
    mtty.host.hold(UUID)
    assert refusal(mtty.files.write, f"{DEVICE}/remove", b"1") == "EBUSY"
    assert mtty.files.exists(f"{DEVICE}/remove")


def test_open_file_of_a_removed_device(mount: Mount) -> None:
    mtty = mount.boot("mtty", {})
    mtty.files.write(f"{KIND}/create", UUID.encode())
    assert isinstance(mtty.files, MountedFiles)
    descriptor = os.open(mtty.files.root / DEVICE / "uevent", os.O_RDONLY)
    mtty.files.write(f"{DEVICE}/remove", b"1")
    with pytest.raises(OSError) as problem:
        os.read(descriptor, 100)
    os.close(descriptor)
    assert problem.value.errno == errno.ENODEV


def test_unbinding_the_parent_removes_its_devices_and_waits(boot: Boot) -> None:
    gvt = boot("gvt")
    kind = "sys/class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_8"
    other = UUID.replace("1001", "1002")
    for name in (UUID, other):
        gvt.files.write(f"{kind}/create", name.encode())
    gvt.host.hold(other)
    write = gvt.blocked_write("sys/bus/pci/drivers/i915/unbind", b"0000:00:02.0")
    assert gvt.files.list("sys/bus/mdev/devices") == []
    assert gvt.files.list("sys/class/mdev_bus") == []
    path = "sys/bus/pci/devices/0000:00:02.0"
    create = f"{path}/mdev_supported_types/i915-GVTg_V5_8/create"
    assert refusal(gvt.files.write, create, UUID.encode()) == "ENODEV"
    gvt.host.release(other)
    assert write.finish() is None
    assert not gvt.files.exists(f"{path}/mdev_supported_types")
    assert not gvt.files.exists(f"{path}/driver")


def test_parent_leaves_while_a_removal_is_pending(boot: Boot) -> None:
    gvt = boot("gvt")
    gvt.files.write("sys/class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_8/create", UUID.encode())
    gvt.host.hold(UUID)
    removal = gvt.blocked_write(f"{DEVICE}/remove", b"1")
    unbind = gvt.blocked_write("sys/bus/pci/drivers/i915/unbind", b"0000:00:02.0")
    gvt.host.release(UUID)
    assert removal.finish() is None
    assert unbind.finish() is None
    assert gvt.host.operations.pending == []
