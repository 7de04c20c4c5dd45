# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a host that do not belong to a device."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from .holders import process_attributes
from .kstrto import boolean
from .profile import HERE, Profile
from .tree import Attribute, File, Link, constant

if TYPE_CHECKING:
    from .host import SimHost

DIRECTORIES = (
    "etc/mdevctl.d",
    "etc/modprobe.d",
    "etc/modules-load.d",
    "etc/udev/rules.d",
    "run",
    "tmp",
    "usr/bin",
    "usr/sbin",
    "usr/lib/mdevctl/scripts.d/callouts",
    "usr/lib/mdevctl/scripts.d/notifiers",
    "var/lib",
    "var/log",
)
ROUTE_HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
RTF_UP, RTF_GATEWAY = 1, 2
# Numbers of arch/x86/include/asm/processor.h.
CPU_VENDORS = {"intel": 0, "amd": 2}


def add_ordinary_files(host: SimHost) -> None:
    """Add the files of an installed system, which survive a reboot."""
    tree = host.tree
    for path in DIRECTORIES:
        tree.directory(path)
    machine_id = hashlib.sha256(host.name.encode()).hexdigest()[:32]
    files = {"etc/machine-id": f"{machine_id}\n", "etc/hostname": f"{host.name}\n", **host.profile.files}
    for path, content in files.items():
        tree.add(path, File(content.encode(), changed=host.clock.now()))
    # Only its metadata is read: a simulated host runs the programs of the real machine.
    tree.add("usr/bin/python3", File(b"", 0o755, host.clock.now()))
    if any(spec.vgpu and spec.vgpu.on == "vf" and spec.driver == "nvidia" for spec in host.profile.functions):
        script = (HERE / "data" / "sriov-manage.sh").read_bytes()
        tree.add("usr/lib/nvidia/sriov-manage", File(script, 0o755, host.clock.now()))


def add_kernel_files(host: SimHost) -> None:
    """Add the kernel files that do not belong to devices."""
    tree, profile = host.tree, host.profile
    boot_id = uuid.uuid5(uuid.NAMESPACE_DNS, f"{host.name}.{host.boots}")
    tree.attributes(
        "proc",
        {
            "cmdline": constant(profile.cmdline),
            "version": constant(f"Linux version {profile.kernel} (simulated)"),
            "mounts": Attribute(
                "".join(f"{m.device} {m.path} {m.filesystem} rw 0 0\n" for m in profile.mounts).encode()
            ),
        },
    )
    tree.attributes(
        "proc/sys/kernel",
        {
            "arch": constant(profile.architecture),
            "hostname": constant(host.name),
            "osrelease": constant(profile.kernel),
        },
    )
    tree.add("proc/sys/kernel/random/boot_id", constant(boot_id))
    tree.add("proc/net/route", Attribute(lambda: _routes(host)))
    tree.attributes("proc/1", process_attributes(1, "systemd", ["/sbin/init"]))
    tree.add("proc/1/fd/0", Link("/dev/null"))
    tree.add("proc/1/mounts", tree.nodes["proc/mounts"])
    tree.add("sys/devices/system/cpu/modalias", constant(_cpu_modalias(profile)))
    tree.add("sys/devices/system/node/online", constant(_range(profile.numa_nodes)))
    for node in range(profile.numa_nodes):
        tree.add(f"sys/devices/system/node/node{node}/cpulist", constant(f"{node * 16}-{node * 16 + 15}"))
    for directory in ("sys/class/net", "sys/class/block", "sys/module/vfio"):
        tree.directory(directory)


def add_module_parameters(host: SimHost) -> None:
    """Add the parameters of the VFIO modules."""

    def store(data: bytes) -> None:
        host.vfio_enables_sriov = boolean(data)

    host.tree.add(
        "sys/module/vfio_pci/parameters/enable_sriov",
        Attribute(lambda: "Y\n" if host.vfio_enables_sriov else "N\n", store),
    )


def _cpu_modalias(profile: Profile) -> str:
    # Only x86 has the vendor (drivers/base/cpu.c, print_cpu_modalias).
    kind = profile.architecture
    if kind == "x86_64":
        kind = f"x86,ven{CPU_VENDORS['amd' if profile.iommu == 'amd' else 'intel']:04X}fam0006mod0055"
    return f"cpu:type:{kind}:feature:,0000,0001"


def _range(count: int) -> str:
    return "0" if count == 1 else f"0-{count - 1}"


def _routes(host: SimHost) -> str:
    def number(address: str) -> str:
        return "".join(f"{int(part):02X}" for part in reversed(address.split(".")))

    lines = [ROUTE_HEADER]
    for route in host.profile.routes:
        netdev = host.netdevs.get(route.interface)
        if netdev is not None and netdev.up:
            flags = RTF_UP | (RTF_GATEWAY if route.gateway != "0.0.0.0" else 0)
            fields = [route.interface, number(route.destination), number(route.gateway), f"{flags:04X}"]
            lines.append("\t".join([*fields, "0", "0", "0", number(route.mask), "0", "0", "0"]) + "\n")
    return "".join(lines)
