# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``remove``: its parser, and the state of a device in use."""

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
