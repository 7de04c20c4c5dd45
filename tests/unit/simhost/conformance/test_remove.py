# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``remove``: its parser, and the state of a device in use."""

from __future__ import annotations

import pytest

from .conftest import MDEVS, UUID, Host, create, types, write

MTTY = "sys/class/mdev_bus/mtty"
KIND = f"{types('mtty')}/mtty-2"
DEVICE = f"{MDEVS}/{UUID}"


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
def test_parser(host: Host, data: str, expected: str | None, left: bool) -> None:
    """remove takes any number but 0 in any C base; 0 does nothing, everything else is EINVAL"""
    create(host, "mtty", "mtty-2", UUID)
    assert write(host, f"{DEVICE}/remove", data) == expected
    assert host.files.exists(DEVICE) == left


def test_everything_is_gone(host: Host) -> None:
    """a removed device leaves nothing behind, and a second removal is ENOENT"""
    create(host, "mtty", "mtty-2", UUID)
    group = host.target(f"{DEVICE}/iommu_group")
    assert write(host, f"{DEVICE}/remove", "1\n") is None
    assert write(host, f"{DEVICE}/remove", "1\n") == "ENOENT"
    assert host.files.list(f"{KIND}/devices") == []
    assert not host.files.exists(f"{MTTY}/{UUID}")
    assert not host.files.exists(f"dev/vfio/{group}")
    assert not host.files.exists(f"sys/kernel/iommu_groups/{group}")
    assert host.number(f"{KIND}/available_instances") == 12


def test_device_in_use_is_half_removed_until_released(host: Host) -> None:
    """removing a device in use blocks, and leaves it half removed until it is closed"""
    create(host, "mtty", "mtty-2", UUID)
    group = host.target(f"{DEVICE}/iommu_group")
    assert host.hold(UUID) is None
    removal = host.blocked_write(f"{DEVICE}/remove", b"1")
    assert not host.files.exists(DEVICE)
    assert host.files.list(f"{KIND}/devices") == []
    assert host.files.list(f"{MTTY}/{UUID}") == ["iommu_group"]
    assert host.files.exists(f"dev/vfio/{group}")
    assert host.number(f"{KIND}/available_instances") == 11
    assert create(host, "mtty", "mtty-2", UUID) == "EEXIST"
    assert write(host, f"{MTTY}/{UUID}/remove", "1") == "ENOENT"
    host.release(UUID)
    assert removal.finish() is None
    assert not host.files.exists(f"{MTTY}/{UUID}")
    assert not host.files.exists(f"dev/vfio/{group}")
    assert host.number(f"{KIND}/available_instances") == 12
    assert create(host, "mtty", "mtty-2", UUID) is None
