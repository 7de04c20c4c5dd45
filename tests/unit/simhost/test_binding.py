# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bind, unbind, driver_override, drivers_probe, new_id, remove_id and the other files of a PCI function."""

from __future__ import annotations

import pytest

from .conftest import Boot, Simulation, refusal

DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"
PROBE = "sys/bus/pci/drivers_probe"
IGB, ICE = "0000:01:00.0", "0000:31:00.0"
VF = "0000:01:10.0"


def driver(simulation: Simulation, address: str) -> str | None:
    path = f"{DEVICES}/{address}/driver"
    return simulation.target(path) if simulation.files.exists(path) else None


def write(simulation: Simulation, path: str, value: str) -> str | None:
    return refusal(simulation.files.write, path, value.encode())


def to_vfio(simulation: Simulation, address: str) -> None:
    """The safe sequence for one device."""
    bound = driver(simulation, address)
    write(simulation, f"{DEVICES}/{address}/driver_override", "vfio-pci")
    if bound:
        write(simulation, f"{DRIVERS}/{bound}/unbind", address)
    assert write(simulation, PROBE, address) is None


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (f"{DRIVERS}/ice/unbind", IGB, "ENODEV", "ENODEV"),
        (f"{DRIVERS}/igb/unbind", "0000:ff:00.0", "ENODEV", "ENODEV"),
        (f"{DRIVERS}/igb/bind", "0000:ff:00.0", "ENODEV", "ENODEV"),
        (f"{DRIVERS}/igb/bind", "nonsense", "ENODEV", "ENODEV"),
        (f"{DRIVERS}/ice/bind", IGB, "ENODEV", "ENODEV"),
        (f"{DRIVERS}/vfio-pci/bind", IGB, "ENODEV", "ENODEV"),
        (f"{DRIVERS}/igb/bind", IGB, "ENODEV", "EBUSY"),
        (PROBE, "0000:ff:00.0", "ENODEV", "ENODEV"),
        (PROBE, IGB, None, None),
        (f"{DRIVERS}/igb/unbind", f"{IGB}\n", None, None),
    ],
)
def test_errors(boot: Boot, path: str, value: str, old: str | None, new: str | None) -> None:
    assert write(boot("nics", kernel="5.10"), path, value) == old
    assert write(boot("nics", kernel="6.12"), path, value) == new


def test_safe_sequence_and_back(boot: Boot) -> None:
    host = boot("nics")
    to_vfio(host, ICE)
    assert driver(host, ICE) == "vfio-pci"
    assert host.files.list("sys/class/net") != []
    assert not host.files.exists(f"{DEVICES}/{ICE}/net")
    group = host.target(f"{DEVICES}/{ICE}/iommu_group")
    assert host.files.exists(f"dev/vfio/{group}")
    assert host.files.exists(f"{DRIVERS}/vfio-pci/{ICE}")
    assert write(host, f"{DEVICES}/{ICE}/driver_override", "\n") is None
    assert driver(host, ICE) == "vfio-pci"
    write(host, f"{DRIVERS}/vfio-pci/unbind", ICE)
    assert not host.files.exists(f"dev/vfio/{group}")
    write(host, PROBE, ICE)
    assert driver(host, ICE) == "ice"
    assert host.files.exists(f"{DEVICES}/{ICE}/net")


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
def test_override(boot: Boot, value: str, expected: str | None, shown: str) -> None:
    host = boot("nics")
    path = f"{DEVICES}/{IGB}/driver_override"
    assert host.text(path) == "(null)"
    write(host, path, "igb")
    assert write(host, path, value) == expected
    assert host.text(path) == shown


def test_override_excludes_other_drivers(boot: Boot) -> None:
    host = boot("nics")
    write(host, f"{DEVICES}/{IGB}/driver_override", "vfio-pci")
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    assert write(host, f"{DRIVERS}/igb/bind", IGB) == "ENODEV"
    assert write(host, f"{DRIVERS}/vfio-pci/bind", IGB) is None


def test_vfs_of_a_pf_without_autoprobe(boot: Boot) -> None:
    host = boot("nics")
    write(host, f"{DEVICES}/{IGB}/sriov_drivers_autoprobe", "0")
    write(host, f"{DEVICES}/{IGB}/sriov_numvfs", "1")
    assert write(host, f"{DRIVERS}/igbvf/bind", VF) == "ENODEV"
    assert write(host, PROBE, VF) is None
    assert driver(host, VF) is None
    write(host, f"{DEVICES}/{VF}/driver_override", "vfio-pci")
    assert write(host, PROBE, VF) is None
    assert driver(host, VF) == "vfio-pci"


def test_vfio_refuses_a_pf_with_vfs(boot: Boot) -> None:
    host = boot("nics")
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    write(host, f"{DEVICES}/{IGB}/driver_override", "pci-pf-stub")
    write(host, PROBE, IGB)
    write(host, f"{DEVICES}/{IGB}/sriov_numvfs", "2")
    write(host, f"{DRIVERS}/pci-pf-stub/unbind", IGB)
    write(host, f"{DEVICES}/{IGB}/driver_override", "vfio-pci")
    assert write(host, f"{DRIVERS}/vfio-pci/bind", IGB) == "EBUSY"
    assert write(host, PROBE, IGB) is None
    assert driver(host, IGB) is None


def nic(**fields: object) -> dict[str, object]:
    base = {"vendor": "8086", "device": "4940", "class_code": "0b4000", "driver": "qat_4xxx"}
    return {**base, "address": "0000:05:00.0", **fields}


def test_vfio_refuses_denied_devices_and_hosts_without_iommu(boot: Boot) -> None:
    for profile in ({"functions": [nic(denylisted=True)]}, {"functions": [nic()], "iommu": "none"}):
        host = boot(profile)
        write(host, f"{DRIVERS}/qat_4xxx/unbind", "0000:05:00.0")
        write(host, f"{DEVICES}/0000:05:00.0/driver_override", "vfio-pci")
        assert write(host, f"{DRIVERS}/vfio-pci/bind", "0000:05:00.0") == "EINVAL"


def test_group_in_use_keeps_host_drivers_away(boot: Boot) -> None:
    second = nic(address="0000:05:00.1", group_with="0000:05:00.0")
    host = boot({"functions": [nic(), second]})
    assert host.target(f"{DEVICES}/0000:05:00.0/iommu_group") == host.target(f"{DEVICES}/0000:05:00.1/iommu_group")
    for address in ("0000:05:00.0", "0000:05:00.1"):
        to_vfio(host, address)
    host.host.hold("0000:05:00.0")
    write(host, f"{DRIVERS}/vfio-pci/unbind", "0000:05:00.1")
    write(host, f"{DEVICES}/0000:05:00.1/driver_override", "\n")
    assert write(host, f"{DRIVERS}/qat_4xxx/bind", "0000:05:00.1") == "EBUSY"
    host.host.release("0000:05:00.0")
    assert write(host, f"{DRIVERS}/qat_4xxx/bind", "0000:05:00.1") is None


def test_unbinding_a_device_in_use_blocks(boot: Boot) -> None:
    host = boot("nics")
    to_vfio(host, IGB)
    host.host.hold(IGB)
    unbind = host.blocked_write(f"{DRIVERS}/vfio-pci/unbind", IGB.encode())
    assert driver(host, IGB) is None
    host.host.release(IGB)
    assert unbind.finish() is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("8086", "EINVAL"), ("xyz abc", "EINVAL"), ("8086 10c9", None), ("0x8086 0x10c9\n", None)],
)
def test_new_id_syntax(boot: Boot, value: str, expected: str | None) -> None:
    assert write(boot("nics"), f"{DRIVERS}/vfio-pci/new_id", value) == expected


def test_new_id_takes_all_unbound_matching_devices(boot: Boot) -> None:
    host = boot("nics")
    for address in (IGB, "0000:01:00.1"):
        write(host, f"{DRIVERS}/igb/unbind", address)
    assert write(host, f"{DRIVERS}/vfio-pci/remove_id", "8086 10c9") == "ENODEV"
    assert write(host, f"{DRIVERS}/vfio-pci/new_id", "8086 10c9") is None
    assert [driver(host, address) for address in (IGB, "0000:01:00.1")] == ["vfio-pci"] * 2
    assert write(host, f"{DRIVERS}/vfio-pci/new_id", "8086 10c9") == "EEXIST"
    assert write(host, f"{DRIVERS}/igb/new_id", "8086 10c9") == "EEXIST"
    assert write(host, f"{DRIVERS}/vfio-pci/remove_id", "8086 10c9") is None


def test_enable(boot: Boot) -> None:
    host = boot("nics")
    path = f"{DEVICES}/{IGB}/enable"
    assert (host.number(path), write(host, path, "1")) == (1, "EBUSY")
    write(host, f"{DRIVERS}/igb/unbind", IGB)
    assert (host.number(path), write(host, path, "0")) == (0, "EIO")
    assert (write(host, path, "1"), host.number(path)) == (None, 1)


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
def test_other_files(boot: Boot, file: str, value: str, expected: str | None) -> None:
    assert write(boot("nics"), f"{DEVICES}/{IGB}/{file}", value) == expected


def test_reset_without_a_method(boot: Boot) -> None:
    host = boot("nics")
    write(host, f"{DEVICES}/{IGB}/reset_method", "\n")
    assert write(host, f"{DEVICES}/{IGB}/reset", "1") == "ENOTTY"


def test_identity(boot: Boot) -> None:
    t4 = boot("t4")
    path = f"{DEVICES}/0000:3b:00.0"
    assert t4.files.link(path) == "../../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0"
    assert t4.text(f"{path}/vendor") == "0x10de"
    assert t4.text(f"{path}/class") == "0x030200"
    assert t4.text(f"{path}/modalias") == "pci:v000010DEd00001EB8sv000010DEsd000012A2bc03sc02i00"
    assert t4.text(f"{path}/uevent").splitlines() == [
        "DRIVER=nvidia",
        "PCI_CLASS=30200",
        "PCI_ID=10DE:1EB8",
        "PCI_SUBSYS_ID=10DE:12A2",
        "PCI_SLOT_NAME=0000:3b:00.0",
        "MODALIAS=pci:v000010DEd00001EB8sv000010DEsd000012A2bc03sc02i00",
    ]
    assert t4.target(f"{DEVICES}/0000:3a:00.0/driver") == "pcieport"
