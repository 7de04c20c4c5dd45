# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test bind, unbind, driver_override, drivers_probe, new_id, remove_id and the other files of a PCI function."""

from __future__ import annotations

import pytest

from .conftest import DEVICES, DRIVERS, IGB, OTHER_IGB, PROBE, TOGETHER, Host, driver, to_vfio, write

VF = "0000:41:10.0"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (f"{DRIVERS}/nvme/unbind", IGB, "ENODEV"),
        (f"{DRIVERS}/igb/unbind", "0000:ff:00.0", "ENODEV"),
        (f"{DRIVERS}/igb/bind", "0000:ff:00.0", "ENODEV"),
        (f"{DRIVERS}/igb/bind", "nonsense", "ENODEV"),
        (f"{DRIVERS}/nvme/bind", IGB, "ENODEV"),
        (f"{DRIVERS}/vfio-pci/bind", IGB, "ENODEV"),
        (f"{DRIVERS}/igb/bind", IGB, "EBUSY"),
        (PROBE, "0000:ff:00.0", "ENODEV"),
        (PROBE, IGB, None),
        (f"{DRIVERS}/igb/unbind", f"{IGB}\n", None),
    ],
)
def test_errors(host: Host, path: str, value: str, expected: str | None) -> None:
    """bind and unbind: ENODEV for another driver's or no device, EBUSY for a bound one; drivers_probe ENODEV"""
    assert write(host, path, value) == expected


def test_safe_sequence_and_back(host: Host) -> None:
    """override, unbind, probe gives one device to vfio-pci, which offers its group; the way back is the same"""
    to_vfio(host, IGB)
    assert driver(host, IGB) == "vfio-pci"
    assert not host.files.exists(f"{DEVICES}/{IGB}/net")
    group = host.target(f"{DEVICES}/{IGB}/iommu_group")
    assert host.files.exists(f"dev/vfio/{group}")
    assert host.files.exists(f"{DRIVERS}/vfio-pci/{IGB}")
    assert write(host, f"{DEVICES}/{IGB}/driver_override", "\n") is None
    assert driver(host, IGB) == "vfio-pci"
    write(host, f"{DRIVERS}/vfio-pci/unbind", IGB)
    assert not host.files.exists(f"dev/vfio/{group}")
    write(host, PROBE, IGB)
    assert driver(host, IGB) == "igb"
    assert host.files.exists(f"{DEVICES}/{IGB}/net")


@pytest.mark.parametrize(
    ("value", "expected", "shown"),
    [
        ("vfio-pci", None, "vfio-pci"),
        ("vfio-pci\n", None, "vfio-pci"),
        ("a\nb", None, "a"),
        ("\n", None, "(null)"),
        ("", None, "igb"),
        ("x" * 4096, "EINVAL", "igb"),
    ],
)
def test_override(host: Host, value: str, expected: str | None, shown: str) -> None:
    """driver_override ends at a newline, an empty line clears it, a page is too long"""
    path = f"{DEVICES}/{IGB}/driver_override"
    assert host.text(path) == "(null)"
    write(host, path, "igb")
    assert write(host, path, value) == expected
    assert host.text(path) == shown


def test_override_excludes_other_drivers(host: Host) -> None:
    """a device with an override is ENODEV for every other driver"""
    write(host, f"{DEVICES}/{IGB}/driver_override", "vfio-pci")
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    assert write(host, f"{DRIVERS}/igb/bind", IGB) == "ENODEV"
    assert write(host, f"{DRIVERS}/vfio-pci/bind", IGB) is None


def test_vfs_of_a_pf_without_autoprobe(host: Host) -> None:
    """a VF of a PF with autoprobe off is ENODEV for its driver, and drivers_probe does nothing, unless overridden"""
    write(host, f"{DEVICES}/{IGB}/sriov_drivers_autoprobe", "0")
    write(host, f"{DEVICES}/{IGB}/sriov_numvfs", "1")
    assert write(host, f"{DRIVERS}/igbvf/bind", VF) == "ENODEV"
    assert write(host, PROBE, VF) is None
    assert driver(host, VF) is None
    write(host, f"{DEVICES}/{VF}/driver_override", "vfio-pci")
    assert write(host, PROBE, VF) is None
    assert driver(host, VF) == "vfio-pci"


def test_unbinding_a_device_in_use_blocks(host: Host) -> None:
    """unbinding a device in use from vfio-pci blocks until it is closed"""
    to_vfio(host, IGB)
    assert host.hold(IGB) is None
    unbind = host.blocked_write(f"{DRIVERS}/vfio-pci/unbind", IGB.encode())
    assert driver(host, IGB) is None
    host.release(IGB)
    assert unbind.finish() is None


@pytest.mark.parametrize(("value", "expected"), [("8086", "EINVAL"), ("xyz abc", "EINVAL"), ("0x8086", "EINVAL")])
def test_new_id_syntax(host: Host, value: str, expected: str | None) -> None:
    """new_id wants vendor and device in hex"""
    assert write(host, f"{DRIVERS}/vfio-pci/new_id", value) == expected


def test_new_id_takes_all_unbound_matching_devices(host: Host) -> None:
    """new_id binds every matching device that has no driver; a known id is EEXIST, an unknown one to remove ENODEV"""
    for address in (IGB, OTHER_IGB):
        write(host, f"{DRIVERS}/igb/unbind", address)
    assert write(host, f"{DRIVERS}/vfio-pci/remove_id", "8086 10c9") == "ENODEV"
    assert write(host, f"{DRIVERS}/vfio-pci/new_id", "8086 10c9") is None
    bound = [driver(host, address) for address in (IGB, OTHER_IGB)]
    again = [write(host, f"{DRIVERS}/{name}/new_id", "0x8086 0x10c9\n") for name in ("vfio-pci", "igb")]
    assert write(host, f"{DRIVERS}/vfio-pci/remove_id", "8086 10c9") is None
    assert (bound, again) == (["vfio-pci"] * 2, ["EEXIST"] * 2)


def test_enable(host: Host) -> None:
    """enable is EBUSY while a driver is bound, 0 for a disabled device is EIO"""
    path = f"{DEVICES}/{IGB}/enable"
    assert (host.number(path), write(host, path, "1")) == (1, "EBUSY")
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    assert (host.number(path), write(host, path, "0")) == (0, "EIO")
    assert (write(host, path, "1"), host.number(path)) == (None, 1)
    assert (write(host, path, "0"), host.number(path)) == (None, 0)


@pytest.mark.parametrize(
    ("file", "value", "expected"),
    [
        ("reset", "1", None),
        ("reset", "0", "EINVAL"),
        ("reset", "x", "EINVAL"),
        ("reset_method", "pm bus", None),
        ("reset_method", "magic", "EINVAL"),
        ("numa_node", "1", None),
        ("numa_node", "7", "EINVAL"),
        ("uevent", "change", None),
        ("uevent", "dance", "EINVAL"),
    ],
)
def test_other_files(host: Host, file: str, value: str, expected: str | None) -> None:
    """reset, reset_method, numa_node and uevent take what they know and are EINVAL for the rest"""
    path = f"{DEVICES}/{IGB}/{file}"
    before = host.text(path) if file in ("reset_method", "numa_node") else None
    assert write(host, path, value) == expected
    if before is not None:
        assert write(host, path, before) is None


def test_identity(host: Host) -> None:
    """a function's directory, ids, class, modalias and uevent"""
    path = f"{DEVICES}/{IGB}"
    assert host.files.link(path) == f"../../../devices/pci0000:40/0000:40:00.0/{IGB}"
    assert [host.text(f"{path}/{name}") for name in ("vendor", "device", "class", "revision", "numa_node")] == [
        "0x8086",
        "0x10c9",
        "0x020000",
        "0x01",
        "0",
    ]
    assert host.text(f"{path}/uevent").splitlines() == [
        "DRIVER=igb",
        "PCI_CLASS=20000",
        "PCI_ID=8086:10C9",
        "PCI_SUBSYS_ID=1AF4:1100",
        "PCI_SLOT_NAME=0000:41:00.0",
        "MODALIAS=pci:v00008086d000010C9sv00001AF4sd00001100bc02sc00i00",
    ]
    assert driver(host, "0000:40:00.0") == "pcieport"


def test_group_of_two(host: Host) -> None:
    """functions that are not isolated share a group, which cannot be used (EPERM) before all of them are on VFIO"""
    groups = {host.target(f"{DEVICES}/{address}/iommu_group") for address in TOGETHER}
    assert len(groups) == 1
    to_vfio(host, TOGETHER[0])
    assert host.files.exists(f"dev/vfio/{groups.pop()}")
    assert host.hold(TOGETHER[0]) == "EPERM"
    to_vfio(host, TOGETHER[1])
    assert host.hold(TOGETHER[0]) is None


def test_group_is_opened_once(host: Host) -> None:
    """a group that a process has open is EBUSY for the next"""
    for address in TOGETHER:
        to_vfio(host, address)
    assert host.hold(TOGETHER[0]) is None
    assert host.hold(TOGETHER[1]) == "EBUSY"


def test_group_in_use_keeps_host_drivers_away(host: Host) -> None:
    """a host driver is EBUSY for a device of a group in use, until it is closed"""
    for address in TOGETHER:
        to_vfio(host, address)
    assert host.hold(TOGETHER[0]) is None
    write(host, f"{DRIVERS}/vfio-pci/unbind", TOGETHER[1])
    write(host, f"{DEVICES}/{TOGETHER[1]}/driver_override", "\n")
    assert write(host, f"{DRIVERS}/e1000e/bind", TOGETHER[1]) == "EBUSY"
    host.release(TOGETHER[0])
    assert write(host, f"{DRIVERS}/e1000e/bind", TOGETHER[1]) is None
