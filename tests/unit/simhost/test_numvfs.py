# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``sriov_numvfs``: the kernel's order of checks, the drivers' quirks, the VFs that come and go."""

from __future__ import annotations

import pytest

from .conftest import Boot, Simulation, refusal

DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"
IGB, ICE, MLX5, BNXT = "0000:01:00.0", "0000:31:00.0", "0000:98:00.0", "0000:c1:00.0"


def set_vfs(simulation: Simulation, pf: str, value: object) -> str | None:
    return refusal(simulation.files.write, f"{DEVICES}/{pf}/sriov_numvfs", f"{value}".encode())


def vfs(simulation: Simulation, pf: str) -> list[str]:
    """The VF addresses behind the PF's links, in order."""
    path = f"{DEVICES}/{pf}"
    links = sorted(
        (name for name in simulation.files.list(path) if name.startswith("virtfn")), key=lambda n: int(n[6:])
    )
    assert links == [f"virtfn{number}" for number in range(len(links))]
    return [simulation.target(f"{path}/{link}") for link in links]


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
def test_checks(boot: Boot, before: int, value: str, expected: str | None, after: int) -> None:
    host = boot("nics")
    set_vfs(host, IGB, before)
    assert set_vfs(host, IGB, value) == expected
    assert host.number(f"{DEVICES}/{IGB}/sriov_numvfs") == after
    assert len(vfs(host, IGB)) == after


@pytest.mark.parametrize(
    ("value", "expected"),
    [("x", "EINVAL"), ("9", "ERANGE"), ("0", None), ("2", "ENOENT")],
)
def test_order_of_checks_without_a_driver(boot: Boot, value: str, expected: str | None) -> None:
    host = boot("nics")
    host.files.write(f"{DRIVERS}/igb/unbind", IGB.encode())
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 8
    assert set_vfs(host, IGB, value) == expected


def test_vf_directories(boot: Boot) -> None:
    host = boot("nics")
    before = set(host.files.list("sys/kernel/iommu_groups"))
    set_vfs(host, IGB, 3)
    assert vfs(host, IGB) == ["0000:01:10.0", "0000:01:10.2", "0000:01:10.4"]
    first = f"{DEVICES}/0000:01:10.0"
    assert host.files.link(f"{DEVICES}/{IGB}/virtfn0") == "../0000:01:10.0"
    assert host.files.link(f"{first}/physfn") == f"../{IGB}"
    assert host.text(f"{first}/device") == "0x10ca"
    assert host.target(f"{first}/driver") == "igbvf"
    assert host.text(f"{first}/numa_node") == "0"
    assert host.target(f"{first}/iommu_group") not in before
    assert host.text(f"{first}/driver_override") == "(null)"
    assert host.files.list(f"{first}/net") == ["enp1s0f0v0"]
    assert not host.files.exists(f"{first}/sriov_numvfs")
    set_vfs(host, IGB, 0)
    assert not host.files.exists(first)
    assert set(host.files.list("sys/kernel/iommu_groups")) == before


def test_vfs_may_lie_on_another_bus(boot: Boot) -> None:
    host = boot("nics")
    set_vfs(host, BNXT, 2)
    assert vfs(host, BNXT) == ["0000:c2:00.0", "0000:c2:00.1"]


@pytest.mark.parametrize(("word", "driver"), [("0", False), ("n", False), ("off", False), ("Y", True), ("on", True)])
def test_autoprobe(boot: Boot, word: str, driver: bool) -> None:
    host = boot("nics")
    host.files.write(f"{DEVICES}/{IGB}/sriov_drivers_autoprobe", word.encode())
    assert host.number(f"{DEVICES}/{IGB}/sriov_drivers_autoprobe") == int(driver)
    set_vfs(host, IGB, 1)
    assert host.files.exists(f"{DEVICES}/0000:01:10.0/driver") == driver


def test_autoprobe_refuses_other_words(boot: Boot) -> None:
    path = f"{DEVICES}/{IGB}/sriov_drivers_autoprobe"
    assert refusal(boot("nics").files.write, path, b"maybe") == "EINVAL"


def test_recreation_loses_what_was_set(boot: Boot) -> None:
    host = boot("nics")
    set_vfs(host, IGB, 1)
    host.files.write(f"{DEVICES}/0000:01:10.0/driver_override", b"vfio-pci")
    set_vfs(host, IGB, 0)
    set_vfs(host, IGB, 1)
    assert host.text(f"{DEVICES}/0000:01:10.0/driver_override") == "(null)"


@pytest.mark.parametrize(
    ("pf", "driver", "knob", "number", "expected", "after"),
    [
        (IGB, "igb", {"lowers_total": None}, 8, "EPERM", 0),
        (ICE, "ice", {"limit": 4}, 5, "EOPNOTSUPP", 0),
        (ICE, "ice", {"fails_with": "EBUSY"}, 2, "EBUSY", 0),
        (MLX5, "mlx5_core", {}, 16, None, 16),
        (MLX5, "mlx5_core", {"fails_with": "ENOMEM"}, 1, "ENOMEM", 0),
        (MLX5, "mlx5_core", {"enables": 3}, 8, None, 3),
        (MLX5, "mlx5_core", {"enables_all": True}, 2, None, 16),
        (MLX5, "mlx5_core", {"silent": True}, 2, None, 0),
        (BNXT, "bnxt_en", {}, 2, None, 2),
    ],
)
def test_driver_quirks(
    boot: Boot, pf: str, driver: str, knob: dict[str, object], number: int, expected: str | None, after: int
) -> None:
    host = boot("nics", drivers={driver: knob})
    assert set_vfs(host, pf, number) == expected
    assert len(vfs(host, pf)) == after
    assert host.number(f"{DEVICES}/{pf}/sriov_numvfs") == after


def test_bnxt_does_nothing_while_its_interface_is_down(boot: Boot) -> None:
    host = boot("nics")
    host.host.netdev_up("enp193s0f0np0", False)
    assert set_vfs(host, BNXT, 2) is None
    assert vfs(host, BNXT) == []


def test_nvidia_refuses_a_direct_write(boot: Boot) -> None:
    host = boot("a40")
    assert set_vfs(host, "0000:41:00.0", 0) == "ENOENT"
    assert len(vfs(host, "0000:41:00.0")) == 16


def test_nvme_vfs_stay_unbound(boot: Boot) -> None:
    host = boot("nvme")
    assert set_vfs(host, "0000:61:00.0", 2) is None
    assert not host.files.exists(f"{DEVICES}/0000:61:00.1/driver")
    assert host.files.list("sys/class/nvme") == ["nvme0", "nvme1"]
    assert refusal(host.files.write, f"{DRIVERS}/nvme/bind", b"0000:61:00.1") == "ENODEV"


def test_switchdev_makes_representors(boot: Boot) -> None:
    profile = {
        "functions": [
            {
                "address": "0000:98:00.0",
                "vendor": "15b3",
                "device": "101d",
                "class_code": "020000",
                "driver": "mlx5_core",
                "netdev": {"name": "ens1", "eswitch": "switchdev"},
                "sriov": {"total": 4, "device": "101e", "driver": "mlx5_core", "netdev": True},
            }
        ]
    }
    host = boot(profile)
    set_vfs(host, MLX5, 2)
    assert sorted(host.files.list(f"{DEVICES}/{MLX5}/net")) == ["ens1", "ens1_0", "ens1_1"]
    assert host.text("sys/class/net/ens1_1/phys_port_name") == "pf0vf1"
    assert host.text("sys/class/net/ens1/phys_port_name") == "p0"
    assert refusal(host.files.read, "sys/class/net/ens1v0/phys_port_name") == "EOPNOTSUPP"
    set_vfs(host, MLX5, 0)
    assert host.files.list(f"{DEVICES}/{MLX5}/net") == ["ens1"]


def hold_second_vf(host: Simulation) -> None:
    """Three VFs, of which the second is open in user space."""
    set_vfs(host, IGB, 3)
    vf = "0000:01:10.2"
    host.files.write(f"{DEVICES}/{vf}/driver_override", b"vfio-pci")
    host.files.write(f"{DRIVERS}/igbvf/unbind", vf.encode())
    host.files.write("sys/bus/pci/drivers_probe", vf.encode())
    host.host.hold(vf)


def test_disabling_with_a_vf_in_use(boot: Boot) -> None:
    host = boot("nics")
    hold_second_vf(host)
    group = host.target(f"{DEVICES}/0000:01:10.2/iommu_group")
    write = host.blocked_write(f"{DEVICES}/{IGB}/sriov_numvfs", b"0")
    links = {name for name in host.files.list(f"{DEVICES}/{IGB}") if name.startswith("virtfn")}
    assert links == {"virtfn2"}
    assert not host.files.exists(f"{DEVICES}/0000:01:10.0")
    assert host.files.exists(f"{DEVICES}/0000:01:10.2")
    assert not host.files.exists(f"{DEVICES}/0000:01:10.2/driver")
    assert host.files.exists(f"dev/vfio/{group}")
    assert host.files.exists(f"{DEVICES}/0000:01:10.4/physfn")
    override = host.blocked_write(f"{DEVICES}/{IGB}/driver_override", b"vfio-pci")
    reads = [host.blocked_read(f"{DEVICES}/{IGB}/{name}") for name in ("sriov_numvfs", "driver_override")]
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 7
    rescan = host.blocked_write("sys/bus/pci/rescan", b"1")
    unbind = host.blocked_write(f"{DRIVERS}/igb/unbind", IGB.encode())
    host.host.release("0000:01:10.2")
    for pending in (write, override, *reads, rescan, unbind):
        assert pending.finish() is None
    assert vfs(host, IGB) == []
    assert host.text(f"{DEVICES}/{IGB}/driver_override") == "vfio-pci"


def test_unbinding_the_pf_drops_its_vfs(boot: Boot) -> None:
    host = boot("nics")
    set_vfs(host, IGB, 3)
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 7
    host.files.write(f"{DRIVERS}/igb/unbind", IGB.encode())
    assert vfs(host, IGB) == []
    host.files.write(f"{DRIVERS}/igb/bind", IGB.encode())
    assert host.number(f"{DEVICES}/{IGB}/sriov_numvfs") == 0
    assert host.number(f"{DEVICES}/{IGB}/sriov_totalvfs") == 7


def test_unbinding_the_pf_waits_for_a_vf_in_use(boot: Boot) -> None:
    host = boot("nics")
    hold_second_vf(host)
    unbind = host.blocked_write(f"{DRIVERS}/igb/unbind", IGB.encode())
    assert not host.files.exists(f"{DEVICES}/{IGB}/driver")
    host.host.release("0000:01:10.2")
    assert unbind.finish() is None
    assert vfs(host, IGB) == []


def test_stub_leaves_vfs_and_igb_disowns_them(boot: Boot) -> None:
    host = boot("nics")
    override = f"{DEVICES}/{IGB}/driver_override"
    host.files.write(f"{DRIVERS}/igb/unbind", IGB.encode())
    host.files.write(override, b"pci-pf-stub")
    host.files.write(f"{DRIVERS}/pci-pf-stub/bind", IGB.encode())
    assert set_vfs(host, IGB, 8) is None
    host.files.write(f"{DRIVERS}/pci-pf-stub/unbind", IGB.encode())
    assert len(vfs(host, IGB)) == 8
    host.files.write(override, b"\n")
    host.files.write(f"{DRIVERS}/igb/bind", IGB.encode())
    assert set_vfs(host, IGB, 0) is None
    assert len(vfs(host, IGB)) == 8


def test_sriov_through_vfio_pci(boot: Boot) -> None:
    host = boot("nics")
    host.files.write(f"{DRIVERS}/igb/unbind", IGB.encode())
    host.files.write(f"{DEVICES}/{IGB}/driver_override", b"vfio-pci")
    host.files.write("sys/bus/pci/drivers_probe", IGB.encode())
    assert host.target(f"{DEVICES}/{IGB}/driver") == "vfio-pci"
    assert set_vfs(host, IGB, 2) == "ENOENT"
    host.files.write("sys/module/vfio_pci/parameters/enable_sriov", b"Y")
    assert set_vfs(host, IGB, 2) is None
    assert host.text(f"{DEVICES}/0000:01:10.0/driver_override") == "vfio-pci"
    assert host.target(f"{DEVICES}/0000:01:10.0/driver") == "vfio-pci"
    host.files.write(f"{DRIVERS}/vfio-pci/unbind", IGB.encode())
    assert vfs(host, IGB) == []


def test_hot_removal_and_rescan(boot: Boot) -> None:
    host = boot("nics")
    set_vfs(host, IGB, 2)
    host.files.write(f"{DEVICES}/{IGB}/remove", b"1")
    assert not host.files.exists(f"{DEVICES}/{IGB}")
    assert not host.files.exists(f"{DEVICES}/0000:01:10.0")
    host.files.write("sys/bus/pci/rescan", b"1")
    assert host.number(f"{DEVICES}/{IGB}/sriov_numvfs") == 0
    assert host.target(f"{DEVICES}/{IGB}/driver") == "igb"
