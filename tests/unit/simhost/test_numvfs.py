# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``sriov_numvfs``: the order of the kernel's checks, driver quirks, and the creation and removal of VFs."""

from __future__ import annotations

import pytest

from .conftest import SWITCHDEV, Boot, Simulation, refusal

DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"
IGB, ICE, MLX5, BNXT = "0000:01:00.0", "0000:31:00.0", "0000:98:00.0", "0000:c1:00.0"


def set_vfs(simulation: Simulation, pf: str, value: object) -> str | None:
    return refusal(simulation.files.write, f"{DEVICES}/{pf}/sriov_numvfs", f"{value}".encode())


def vfs(simulation: Simulation, pf: str) -> list[str]:
    """Return the addresses of the VFs behind the PF's links, in order."""
    path = f"{DEVICES}/{pf}"
    links = sorted(
        (name for name in simulation.files.list(path) if name.startswith("virtfn")), key=lambda n: int(n[6:])
    )
    assert links == [f"virtfn{number}" for number in range(len(links))]
    return [simulation.target(f"{path}/{link}") for link in links]


def test_vfs_may_lie_on_another_bus(boot: Boot) -> None:
    host = boot("nics")
    set_vfs(host, BNXT, 2)
    assert vfs(host, BNXT) == ["0000:c2:00.0", "0000:c2:00.1"]


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
    assert len(vfs(host, "0000:41:00.0")) == 32


def test_switchdev_makes_representors(boot: Boot) -> None:
    host = boot({"functions": [SWITCHDEV]})
    set_vfs(host, MLX5, 2)
    assert sorted(host.files.list(f"{DEVICES}/{MLX5}/net")) == ["ens1", "ens1_0", "ens1_1"]
    assert host.text("sys/class/net/ens1_1/phys_port_name") == "pf0vf1"
    assert host.text("sys/class/net/ens1/phys_port_name") == "p0"
    assert refusal(host.files.read, "sys/class/net/ens1v0/phys_port_name") == "EOPNOTSUPP"
    set_vfs(host, MLX5, 0)
    assert host.files.list(f"{DEVICES}/{MLX5}/net") == ["ens1"]


def hold_second_vf(host: Simulation) -> None:
    """Create three VFs and open the second one in user space."""
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
