# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``sriov_numvfs``: the order of the kernel's checks, and the creation and removal of VFs."""

from __future__ import annotations

import pytest

from .conftest import DEVICES, DRIVERS, IGB, NVME, OTHER_IGB, PROBE, Host, driver, set_vfs, to_vfio, vfs, write

VF, SECOND, THIRD = "0000:41:10.0", "0000:41:10.2", "0000:41:10.4"


@pytest.mark.parametrize(
    ("before", "value", "expected", "after"),
    [
        (0, "abc", "EINVAL", 0),
        (0, "-1", "EINVAL", 0),
        (0, "65536", "EINVAL", 0),
        (0, "1 2", "EINVAL", 0),
        (0, " 1", "EINVAL", 0),
        (0, "", None, 0),
        (0, "8", "ERANGE", 0),
        (3, "8", "ERANGE", 3),
        (3, "3", None, 3),
        (0, "0", None, 0),
        (3, "5", "EBUSY", 3),
        (3, "2", "EBUSY", 3),
        (3, "0", None, 0),
        (0, "0x2\n", None, 2),
        (0, "07", None, 7),
    ],
)
def test_checks(host: Host, before: int, value: str, expected: str | None, after: int) -> None:
    """sriov_numvfs: EINVAL for no number, ERANGE above the total, EBUSY from N to M, the same number is fine"""
    set_vfs(host, IGB, before)
    assert set_vfs(host, IGB, value) == expected
    assert host.number(f"{DEVICES}/{IGB}/sriov_numvfs") == after
    assert len(vfs(host, IGB)) == after


@pytest.mark.parametrize(("value", "expected"), [("x", "EINVAL"), ("9", "ERANGE"), ("0", None), ("2", "ENOENT")])
def test_order_of_checks_without_a_driver(host: Host, value: str, expected: str | None) -> None:
    """without a driver the total is the hardware's, and ENOENT comes after EINVAL and ERANGE"""
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 8
    assert set_vfs(host, IGB, value) == expected


def test_vf_directories(host: Host) -> None:
    """VFs have their addresses, links, ids, NUMA node, group, driver and interface when the write returns"""
    before = set(host.files.list("sys/kernel/iommu_groups"))
    assert set_vfs(host, IGB, 3) is None
    assert vfs(host, IGB) == [VF, SECOND, THIRD]
    first = f"{DEVICES}/{VF}"
    assert host.files.link(f"{DEVICES}/{IGB}/virtfn0") == f"../{VF}"
    assert host.files.link(f"{first}/physfn") == f"../{IGB}"
    assert host.text(f"{first}/vendor") == "0x8086"
    assert host.text(f"{first}/device") == "0x10ca"
    assert host.target(f"{first}/driver") == "igbvf"
    assert host.text(f"{first}/numa_node") == "0"
    assert host.target(f"{first}/iommu_group") not in before
    assert host.text(f"{first}/driver_override") == "(null)"
    assert len(host.files.list(f"{first}/net")) == 1
    assert not host.files.exists(f"{first}/sriov_numvfs")
    assert set_vfs(host, IGB, 0) is None
    assert not host.files.exists(first)
    assert set(host.files.list("sys/kernel/iommu_groups")) == before


def test_numa_node_of_vfs(host: Host) -> None:
    """VFs are on the NUMA node of their PF"""
    assert set_vfs(host, OTHER_IGB, 1) is None
    assert host.text(f"{DEVICES}/0000:81:10.0/numa_node") == "1"


@pytest.mark.parametrize("pf", [IGB, NVME])
def test_capability(host: Host, pf: str) -> None:
    """offset, stride and the VFs' device id, which has no leading zeros"""
    values = [host.text(f"{DEVICES}/{pf}/sriov_{name}") for name in ("offset", "stride", "vf_device", "totalvfs")]
    assert values == {IGB: ["128", "2", "10ca", "7"], NVME: ["1", "1", "10", "4"]}[pf]


@pytest.mark.parametrize(("word", "bound"), [("0", False), ("n", False), ("off", False), ("Y", True), ("on", True)])
def test_autoprobe(host: Host, word: str, bound: bool) -> None:
    """sriov_drivers_autoprobe takes the kernel's words for a boolean and decides whether VFs get a driver"""
    assert write(host, f"{DEVICES}/{IGB}/sriov_drivers_autoprobe", word) is None
    assert host.number(f"{DEVICES}/{IGB}/sriov_drivers_autoprobe") == int(bound)
    set_vfs(host, IGB, 1)
    assert host.files.exists(f"{DEVICES}/{VF}/driver") == bound


def test_autoprobe_refuses_other_words(host: Host) -> None:
    """another word for sriov_drivers_autoprobe is EINVAL"""
    assert write(host, f"{DEVICES}/{IGB}/sriov_drivers_autoprobe", "maybe") == "EINVAL"


def test_autoprobe_outlives_the_driver(host: Host) -> None:
    """sriov_drivers_autoprobe stays when the PF's driver goes and comes"""
    write(host, f"{DEVICES}/{IGB}/sriov_drivers_autoprobe", "0")
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    write(host, f"{DRIVERS}/igb/bind", IGB)
    assert host.number(f"{DEVICES}/{IGB}/sriov_drivers_autoprobe") == 0


def test_recreation_loses_what_was_set(host: Host) -> None:
    """a VF's driver_override is lost with the VF"""
    set_vfs(host, IGB, 1)
    write(host, f"{DEVICES}/{VF}/driver_override", "vfio-pci")
    set_vfs(host, IGB, 0)
    set_vfs(host, IGB, 1)
    assert host.text(f"{DEVICES}/{VF}/driver_override") == "(null)"


def test_nvme_vfs_do_not_probe(host: Host) -> None:
    """VFs of an NVMe drive appear without a driver, because they have no resources yet"""
    assert set_vfs(host, NVME, 2) is None
    assert vfs(host, NVME) == ["0000:c1:00.1", "0000:c1:00.2"]
    assert driver(host, "0000:c1:00.1") is None
    assert host.files.list("sys/class/nvme") == ["nvme0"]
    assert write(host, f"{DRIVERS}/nvme/bind", "0000:c1:00.1") == "ENODEV"


def hold_second_vf(host: Host) -> None:
    """Create three VFs and open the second one in user space."""
    set_vfs(host, IGB, 3)
    to_vfio(host, SECOND)
    assert host.hold(SECOND) is None


def test_disabling_with_a_vf_in_use(host: Host) -> None:
    """disabling VFs of which one is in use blocks half-way; so do reading sriov_numvfs and the PCI rescan"""
    hold_second_vf(host)
    group = host.target(f"{DEVICES}/{SECOND}/iommu_group")
    disable = host.blocked_write(f"{DEVICES}/{IGB}/sriov_numvfs", b"0")
    assert {name for name in host.files.list(f"{DEVICES}/{IGB}") if name.startswith("virtfn")} == {"virtfn2"}
    assert not host.files.exists(f"{DEVICES}/{VF}")
    assert host.files.exists(f"{DEVICES}/{SECOND}")
    assert not host.files.exists(f"{DEVICES}/{SECOND}/driver")
    assert host.files.exists(f"dev/vfio/{group}")
    assert host.files.exists(f"{DEVICES}/{THIRD}/physfn")
    pending = [
        disable,
        host.blocked_read(f"{DEVICES}/{IGB}/sriov_numvfs"),
        host.blocked_write("sys/bus/pci/rescan", b"1"),
    ]
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 7
    assert host.text(f"{DEVICES}/{IGB}/driver_override") == "(null)"
    assert write(host, f"{DEVICES}/{IGB}/driver_override", "\n") is None
    host.release(SECOND)
    assert [call.finish() for call in pending] == [None] * 3
    assert vfs(host, IGB) == []


def test_unbinding_the_pf_drops_its_vfs(host: Host) -> None:
    """igb removes its VFs when it is unbound, and has none when it is bound again"""
    set_vfs(host, IGB, 3)
    assert write(host, f"{DRIVERS}/igb/unbind", IGB) is None
    assert vfs(host, IGB) == []
    assert write(host, f"{DRIVERS}/igb/bind", IGB) is None
    assert host.number(f"{DEVICES}/{IGB}/sriov_numvfs") == 0
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 7


def test_unbinding_the_pf_waits_for_a_vf_in_use(host: Host) -> None:
    """unbinding a PF of which a VF is in use blocks"""
    hold_second_vf(host)
    unbind = host.blocked_write(f"{DRIVERS}/igb/unbind", IGB.encode())
    host.release(SECOND)
    assert unbind.finish() is None
    assert vfs(host, IGB) == []


def test_stub_leaves_vfs_and_igb_disowns_them(host: Host) -> None:
    """pci-pf-stub leaves its VFs behind; igb then accepts 0 and leaves them there"""
    override = f"{DEVICES}/{IGB}/driver_override"
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    write(host, override, "pci-pf-stub")
    write(host, f"{DRIVERS}/pci-pf-stub/bind", IGB)
    assert set_vfs(host, IGB, 8) is None
    write(host, f"{DRIVERS}/pci-pf-stub/unbind", IGB)
    assert len(vfs(host, IGB)) == 8
    write(host, override, "\n")
    write(host, f"{DRIVERS}/igb/bind", IGB)
    assert set_vfs(host, IGB, 0) is None
    assert len(vfs(host, IGB)) == 8
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    write(host, override, "pci-pf-stub")
    write(host, f"{DRIVERS}/pci-pf-stub/bind", IGB)
    assert set_vfs(host, IGB, 0) is None
    assert vfs(host, IGB) == []


def test_sriov_through_vfio_pci(host: Host) -> None:
    """vfio-pci makes VFs only with enable_sriov, and then for itself; unbinding it removes them"""
    to_vfio(host, IGB)
    assert driver(host, IGB) == "vfio-pci"
    assert set_vfs(host, IGB, 2) == "ENOENT"
    assert write(host, "sys/module/vfio_pci/parameters/enable_sriov", "Y") is None
    assert set_vfs(host, IGB, 2) is None
    assert host.text(f"{DEVICES}/{VF}/driver_override") == "vfio-pci"
    assert driver(host, VF) == "vfio-pci"
    assert write(host, f"{DRIVERS}/vfio-pci/unbind", IGB) is None
    assert vfs(host, IGB) == []


def test_vfio_refuses_a_pf_with_vfs(host: Host) -> None:
    """vfio-pci does not take a PF that has VFs: EBUSY, or silently nothing through drivers_probe"""
    override = f"{DEVICES}/{IGB}/driver_override"
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    write(host, override, "pci-pf-stub")
    write(host, PROBE, IGB)
    set_vfs(host, IGB, 2)
    write(host, f"{DRIVERS}/pci-pf-stub/unbind", IGB)
    write(host, override, "vfio-pci")
    assert write(host, f"{DRIVERS}/vfio-pci/bind", IGB) == "EBUSY"
    assert write(host, PROBE, IGB) is None
    assert driver(host, IGB) is None
    write(host, override, "pci-pf-stub")
    write(host, PROBE, IGB)
    assert set_vfs(host, IGB, 0) is None


def test_hot_removal_and_rescan(host: Host) -> None:
    """a PF that was hot-removed takes its VFs along, and comes back without them"""
    set_vfs(host, IGB, 2)
    assert write(host, f"{DEVICES}/{IGB}/remove", "1") is None
    assert not host.files.exists(f"{DEVICES}/{IGB}")
    assert not host.files.exists(f"{DEVICES}/{VF}")
    assert write(host, "sys/bus/pci/rescan", "1") is None
    assert host.number(f"{DEVICES}/{IGB}/sriov_numvfs") == 0
    assert driver(host, IGB) == "igb"
