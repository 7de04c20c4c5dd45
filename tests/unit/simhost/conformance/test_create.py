# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``create``: its parser, its errors, and the device that it creates."""

from __future__ import annotations

import pytest

from .conftest import MDEVS, OTHER, UUID, Host, create, types


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (UUID, None),
        (UUID + "\n", None),
        (UUID + "x", None),
        (UUID.upper(), None),
        ("0" * 8 + "-0000-0000-0000-" + "0" * 12, None),
        (UUID + "\n\n", "EINVAL"),
        (" " + UUID, "EINVAL"),
        ("{" + UUID + "}", "EINVAL"),
        (UUID.replace("-", ""), "EINVAL"),
        (UUID[:-1], "EINVAL"),
        (UUID[:-1] + "g", "EINVAL"),
        (UUID.replace("-", "_"), "EINVAL"),
        ("\n", "EINVAL"),
        ("", None),
    ],
)
def test_parser(host: Host, data: str, expected: str | None) -> None:
    """create takes 36 characters and ignores one more; everything else is EINVAL, nothing is nothing"""
    assert create(host, "mtty", "mtty-1", data) == expected
    made = host.files.list(MDEVS)
    assert made == ([data[:36].lower()] if expected is None and data else [])


def test_upper_case_makes_a_lower_case_device(host: Host) -> None:
    """a UUID in capitals makes a device in small letters"""
    create(host, "mtty", "mtty-1", UUID.upper())
    assert not host.files.exists(f"{MDEVS}/{UUID.upper()}")
    assert host.files.exists(f"{MDEVS}/{UUID}/mdev_type")


@pytest.mark.parametrize(("parent", "kind"), [("mtty", "mtty-1"), ("mtty", "mtty-2"), ("mdpy", "mdpy-hd")])
def test_uuid_is_unique_on_the_host(host: Host, parent: str, kind: str) -> None:
    """a UUID in use by any parent is EEXIST"""
    assert create(host, "mtty", "mtty-1", UUID) is None
    assert create(host, parent, kind, UUID.upper()) == "EEXIST"


def fill(host: Host, parent: str, kind: str) -> tuple[int, str | None]:
    """Create devices until it fails; return their number and the errno."""
    for number in range(70):
        problem = create(host, parent, kind, f"00000000-0000-0000-0000-{number:012x}")
        if problem:
            return number, problem
    return 70, None


@pytest.mark.parametrize(
    ("parent", "kind", "number", "expected"),
    [
        ("mtty", "mtty-1", 24, "ENOSPC"),
        ("mtty", "mtty-2", 12, "ENOSPC"),
        ("mdpy", "mdpy-hd", 4, "EUSERS"),
        ("mbochs", "mbochs-large", 4, "ENOSPC"),
    ],
)
def test_no_instance_left(host: Host, parent: str, kind: str, number: int, expected: str) -> None:
    """create beyond the last instance fails, EUSERS by the core and ENOSPC by the driver, and leaves nothing"""
    assert fill(host, parent, kind) == (number, expected)
    assert len(host.files.list(MDEVS)) == number
    assert len(host.files.list(f"{types(parent)}/{kind}/devices")) == number


def test_duplicate_comes_before_no_instance(host: Host) -> None:
    """a UUID in use is EEXIST even if no instance is left"""
    fill(host, "mdpy", "mdpy-hd")
    assert create(host, "mdpy", "mdpy-hd", "00000000-0000-0000-0000-000000000000") == "EEXIST"


def test_what_is_made(host: Host) -> None:
    """a device has its links, driver, IOMMU group and device node as soon as create returns"""
    device = f"sys/class/mdev_bus/mtty/{UUID}"
    groups = set(host.files.list("sys/kernel/iommu_groups"))
    assert create(host, "mtty", "mtty-2", UUID) is None
    assert host.files.link(f"{MDEVS}/{UUID}") == f"../../../devices/virtual/mtty/mtty/{UUID}"
    assert host.files.link(f"{device}/mdev_type") == "../mdev_supported_types/mtty-2"
    assert host.files.link(f"{types('mtty')}/mtty-2/devices/{UUID}") == f"../../../{UUID}"
    assert host.target(f"{device}/driver") == "mtty"
    assert host.target(f"{device}/subsystem") == "mdev"
    assert host.text(f"{device}/uevent") == "DRIVER=mtty"
    assert host.text(f"{device}/vendor/sample_mdev_dev") == f"This is MDEV {UUID}"
    group = host.target(f"{device}/iommu_group")
    assert group not in groups
    assert host.text(f"{device}/iommu_group/name") == "vfio-noiommu"
    assert host.text(f"{device}/iommu_group/type") == "unknown"
    assert host.files.list(f"sys/kernel/iommu_groups/{group}/devices") == [UUID]
    assert host.files.exists(f"dev/vfio/{group}")
    assert [name[:4] for name in host.files.list(f"{device}/vfio-dev")] == ["vfio"]
    assert set(host.files.list(device)) == {
        "driver",
        "iommu_group",
        "mdev_type",
        "power",
        "remove",
        "subsystem",
        "uevent",
        "vendor",
        "vfio-dev",
    }


@pytest.mark.parametrize(
    ("parent", "kind", "name", "api", "described"),
    [
        ("mtty", "mtty-1", "Single port serial", "vfio-pci", False),
        ("mtty", "mtty-2", "Dual port serial", "vfio-pci", False),
        ("mdpy", "mdpy-vga", "mdpy-vga", "vfio-pci", True),
        ("mbochs", "mbochs-small", "mbochs-small", "vfio-pci", True),
    ],
)
def test_files_of_a_type(host: Host, parent: str, kind: str, name: str, api: str, described: bool) -> None:
    """a type has a name, a device API and, if its driver says so, a description"""
    path = f"{types(parent)}/{kind}"
    assert (host.text(f"{path}/name"), host.text(f"{path}/device_api")) == (name, api)
    assert host.files.exists(f"{path}/description") == described
    assert host.files.list(f"{path}/devices") == []


def test_description(host: Host) -> None:
    """mdpy and mbochs describe their types in words of their own"""
    paths = [f"{types(parent)}/{kind}" for parent, kind in (("mdpy", "mdpy-hd"), ("mbochs", "mbochs-medium"))]
    assert [host.text(f"{path}/description") for path in paths] == [
        "virtual display, 1920x1080 framebuffer",
        "virtual display, 16 MB video memory",
    ]


def available(host: Host, parent: str, kinds: list[str]) -> list[int]:
    return [host.number(f"{types(parent)}/{kind}/available_instances") for kind in kinds]


@pytest.mark.parametrize(
    ("parent", "kinds", "empty", "made", "after"),
    [
        ("mtty", ["mtty-1", "mtty-2"], [24, 12], "mtty-2", [22, 11]),
        ("mtty", ["mtty-1", "mtty-2"], [24, 12], "mtty-1", [23, 11]),
        ("mdpy", ["mdpy-vga", "mdpy-xga", "mdpy-hd"], [4, 4, 4], "mdpy-hd", [3, 3, 3]),
        ("mbochs", ["mbochs-small", "mbochs-medium", "mbochs-large"], [64, 16, 4], "mbochs-medium", [60, 15, 3]),
    ],
)
def test_shared_counters(
    host: Host, parent: str, kinds: list[str], empty: list[int], made: str, after: list[int]
) -> None:
    """the types of a parent share its instances, and removing gives them back"""
    assert available(host, parent, kinds) == empty
    assert create(host, parent, made, OTHER) is None
    assert available(host, parent, kinds) == after
    host.files.write(f"{MDEVS}/{OTHER}/remove", b"1")
    assert available(host, parent, kinds) == empty
