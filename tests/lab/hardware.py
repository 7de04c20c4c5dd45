# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hardware of the lab machine as arguments of QEMU.

It has two NUMA nodes with an igb each (7 VFs), an NVMe with 4 VFs, and two functions in one IOMMU group. The management
interface is an igb too, so that its protection is tested for real.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

MANAGEMENT_MAC = "52:54:00:00:00:01"


def forgetful_drive(disk: Path) -> list[str]:
    """Return the arguments for a drive with the content of a file. QEMU discards its changes at exit."""
    return ["-drive", f"file={disk},if=none,id=disk,format=raw,snapshot=on,cache=unsafe"]


def devices(drive: Sequence[str], port: int, kvm: bool) -> list[str]:
    """Return the arguments. ``drive`` are those that define ``disk``.

    ``port`` on the loopback of this host is forwarded to the guest's ssh.

    KVM is used only on request, because nested KVM often makes QEMU hang or abort. The emulated CPUs share one thread:
    with separate threads, timers sometimes fail to wake a sleeping CPU.
    """
    return [
        *("-machine", "q35,kernel-irqchip=split" if kvm else "q35", "-nodefaults", "-no-user-config"),
        *(("-accel", "kvm", "-cpu", "host") if kvm else ("-accel", "tcg,thread=single", "-cpu", "max")),
        *("-smp", "2,sockets=2", "-m", "2048"),
        *_memory(),
        *("-device", "intel-iommu,intremap=on,caching-mode=on"),
        *drive,
        *("-device", "virtio-blk-pci,drive=disk,bus=pcie.0,addr=0x3"),
        *("-device", "virtio-rng-pci,bus=pcie.0,addr=0x4"),
        *_card("pcie.0", 1, f"igb,mac={MANAGEMENT_MAC}", f"hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:22"),
        *_expander(0x20, 0, 0x10),
        *_expander(0x40, 0, 0x11),
        *_expander(0x80, 1, 0x12),
        *_expander(0xC0, 1, 0x13),
        *_shared_group("root20", 5),
        *_card("root40", 2, "igb,mac=52:54:00:00:00:02", "restrict=on"),
        *_card("root80", 3, "igb,mac=52:54:00:00:00:03", "restrict=on"),
        *_nvme("rootc0", 4),
    ]


def _memory() -> list[str]:
    arguments: list[str] = []
    for node in (0, 1):
        arguments += ["-object", f"memory-backend-ram,id=ram{node},size=1024M"]
        arguments += ["-numa", f"node,nodeid={node},memdev=ram{node},cpus={node}"]
    return arguments


def _expander(bus: int, node: int, slot: int) -> list[str]:
    """Return a root bus of one NUMA node, named after its number; devices of a port have the next number."""
    return ["-device", f"pxb-pcie,id=root{bus:x},bus=pcie.0,addr={slot:#x},bus_nr={bus},numa_node={node}"]


def _port(bus: str, chassis: int) -> list[str]:
    return ["-device", f"pcie-root-port,id=port-{bus},bus={bus},chassis={chassis}"]


def _card(bus: str, chassis: int, device: str, network: str) -> list[str]:
    return [
        *_port(bus, chassis),
        *("-netdev", f"user,id=net-{bus},{network}"),
        *("-device", f"{device},bus=port-{bus},netdev=net-{bus},romfile="),
    ]


def _nvme(bus: str, chassis: int) -> list[str]:
    return [
        *_port(bus, chassis),
        *("-device", "nvme-subsys,id=subsystem"),
        "-device",
        f"nvme,serial=lab,bus=port-{bus},subsys=subsystem,max_ioqpairs=16,msix_qsize=16,"
        "sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4",
    ]


def _shared_group(bus: str, chassis: int) -> list[str]:
    """Return two functions of one slot that are not isolated from each other."""
    return [
        *_port(bus, chassis),
        *("-device", f"e1000e,bus=port-{bus},addr=0.0,multifunction=on,romfile="),
        *("-device", f"e1000e,bus=port-{bus},addr=0.1,romfile="),
    ]
