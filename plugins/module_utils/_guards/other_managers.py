# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find other programs on the host that configure VFs or create mdevs, and would revert changes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import directories

Pattern = re.Pattern[str]

VIRTUAL_FUNCTIONS, MEDIATED_DEVICES = "virtual functions", "mediated devices"

# An uncommented line of a script or started program with the name of a tool or file that configures VFs.
SCRIPT = lazy_pattern(r"^(?![ \t]*[#;]).*?(sriov_numvfs|sriov_drivers_autoprobe|sriov-manage)\b", re.M)
# A udev rule that only compares the attribute does not set it.
RULE = lazy_pattern(
    r"^(?![ \t]*#).*?(?:(?:RUN|PROGRAM|IMPORT)\b[^=]*\+?=[^\n]*|ATTR\{[^}]*)"
    r"(sriov_numvfs|sriov_drivers_autoprobe|sriov-manage)(?!\}\s*(?:==|!=))",
    re.M,
)
NETWORKD = lazy_pattern(r"^[ \t]*(\[SR-IOV\]|SR-IOVVirtualFunctions\s*=)", re.M)
NETWORK_MANAGER = lazy_pattern(r"^[ \t]*(\[sriov\]|sriov\.|sriov-num-vfs\s*=)", re.M)
NETPLAN = lazy_pattern(r"^[ \t]*(virtual-function-count|embedded-switch-mode)\s*:", re.M)
IFCFG = lazy_pattern(r"^[ \t]*(SRIOV_TOTAL_VFS)\s*=", re.M)
NMSTATE = lazy_pattern(r"^[\s-]*(total-vfs)\s*:", re.M)
MODULE = lazy_pattern(r"^[ \t]*options\s+\S+\s.*?\b(max_vfs|num_vfs)\s*=", re.M)
# Files of sriov-network-operator on Kubernetes nodes, and of os-net-config on OpenStack hosts.
OPERATOR = lazy_pattern(r"(?<![\w-])\"?(numVfs|pciAddress)\"?\s*:", re.M)
OS_NET_CONFIG = lazy_pattern(r"^[\s-]*(numvfs)\s*:", re.M)
# An uncommented line that creates mediated devices.
DEVICE_SCRIPT = lazy_pattern(r"^(?![ \t]*[#;]).*?(mdev_supported_types\S*/create|mdevctl\s+start)\b", re.M)

# Directory (* stands for any name), suffixes of file names, and the pattern that configures VFs.
SOURCES: tuple[tuple[str, tuple[str, ...], Pattern], ...] = (
    ("etc/systemd/network", (".link", ".network"), NETWORKD),
    ("run/systemd/network", (".link", ".network"), NETWORKD),
    ("etc/NetworkManager/system-connections", (".nmconnection",), NETWORK_MANAGER),
    ("run/NetworkManager/system-connections", (".nmconnection",), NETWORK_MANAGER),
    ("etc/systemd/network/*", (".conf",), NETWORKD),
    ("etc/NetworkManager", ("NetworkManager.conf",), NETWORK_MANAGER),
    ("etc/NetworkManager/conf.d", (".conf",), NETWORK_MANAGER),
    ("run/NetworkManager/conf.d", (".conf",), NETWORK_MANAGER),
    ("etc/sysconfig/network-scripts", ("",), IFCFG),
    ("etc/nmstate", (".yml", ".yaml"), NMSTATE),
    ("etc/netplan", (".yaml", ".yml"), NETPLAN),
    ("run/netplan", (".yaml", ".yml"), NETPLAN),
    ("etc/modprobe.d", (".conf",), MODULE),
    ("etc/sriov-operator", ("sriov_config.json", "sriov-interface-config.yaml"), OPERATOR),
    ("etc/sriov-operator/pci", ("",), OPERATOR),
    ("etc", ("sriov_config.json",), OPERATOR),
    ("etc/os-net-config", ("sriov_config.yaml",), OS_NET_CONFIG),
    ("var/lib/os-net-config", ("sriov_config.yaml",), OS_NET_CONFIG),
)
# Scripts, and lists of commands or values.
SCRIPTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("etc", ("rc.local", "crontab", "sysfs.conf")),
    ("etc/rc.d", ("rc.local",)),
    ("etc/cron.d", ("",)),
    ("var/spool/cron", ("root",)),
    ("var/spool/cron/crontabs", ("root",)),
    ("etc/modprobe.d", (".conf",)),
    ("etc/cloud/cloud.cfg.d", (".cfg",)),
    ("etc/mdevctl.d/scripts.d/*", ("",)),
    ("etc/systemd/system/*", (".conf",)),
    ("etc/tmpfiles.d", (".conf",)),
    ("etc/tuned/*", (".conf", ".sh")),
    ("etc/tuned/profiles/*", (".conf", ".sh")),
    # Hooks of libvirt, the usual directories of a helper that many guides install, and hooks of Proxmox VE.
    ("etc/libvirt/hooks", ("",)),
    ("etc/libvirt/hooks/qemu.d", ("",)),
    ("etc/libvirt/hooks/qemu.d/*/prepare/begin", ("",)),
    ("var/lib/vz/snippets", ("",)),
    ("etc/sysfs.d", (".conf",)),
    ("etc/network", ("interfaces",)),
    ("etc/network/interfaces.d", ("",)),
    ("etc/network/if-pre-up.d", ("",)),
    ("etc/network/if-up.d", ("",)),
    ("etc/networkd-dispatcher/*", ("",)),
    ("etc/NetworkManager/dispatcher.d", ("",)),
    ("etc/NetworkManager/dispatcher.d/pre-up.d", ("",)),
)
PLUGINS = "var/lib/kubelet/device-plugins"
PLUGIN = lazy_pattern(r"kubevirt-(.+)\.sock\Z")
# Plugins that every node has (KubeVirt, pkg/virt-handler/device-manager).
OWN_PLUGINS = ("kvm", "tun", "vhost-net", "sev", "vsock", "tdx")
RULES = ("etc/udev/rules.d", "run/udev/rules.d")
OUR_RULE = "90-vfio-devices-"
UNITS = ("etc/systemd/system", "run/systemd/system")
OUR_UNIT = "vfio-devices-"
# A local program that a unit starts; it may be a script.
STARTED = lazy_pattern(r"^[ \t]*Exec(?:StartPre|Start|StartPost)\s*=.*?(/(?:usr/local|opt|etc|root)/[\w./@+-]+)", re.M)


def observe(host: HostRoot, what: str = VIRTUAL_FUNCTIONS) -> list[str]:
    """Return a sentence for each file of another manager that configures VFs, or creates mdevs."""
    if what == VIRTUAL_FUNCTIONS:
        found = [*_found(host, SOURCES, SCRIPT, RULE)]
    else:
        found = [*_found(host, (), DEVICE_SCRIPT, DEVICE_SCRIPT), *_of_kubevirt(host)]
    return [
        f"{path} has {setting}. If it configures a card of this call, two programs set its {what}, and the last one "
        "wins"
        for path, setting in found
    ]


def _of_kubevirt(host: HostRoot) -> Iterator[tuple[str, str]]:
    """Yield sockets of KubeVirt device plugins. KubeVirt also creates and removes the mdevs that it offers."""
    for name in host.names(PLUGINS):
        device = PLUGIN.match(name)
        if device and device[1] not in OWN_PLUGINS:
            yield f"{PLUGINS}/{name}", "a device plugin of KubeVirt"


def _found(
    host: HostRoot, sources: tuple[tuple[str, tuple[str, ...], Pattern], ...], script: Pattern, rule: Pattern
) -> Iterator[tuple[str, str]]:
    rows = [*sources, *((directory, ends, script) for directory, ends in SCRIPTS)]
    rows += [(directory, (".rules",), rule) for directory in RULES]
    for directory, ends, pattern in rows:
        for path in _files(host, directory, ends):
            match = pattern.search(_text(host, path))
            if match:
                yield path, match[1].strip()
    for directory in UNITS:
        # Skip links: they lead to units of packages, or enable units.
        links = {name for name, _target in host.links(directory)}
        for path in _files(host, directory, (".service",)):
            if path.rpartition("/")[2] not in links:
                yield from _of_unit(host, path, script)


def _of_unit(host: HostRoot, path: str, script: Pattern) -> Iterator[tuple[str, str]]:
    text = _text(host, path)
    match = script.search(text)
    if match:
        yield path, match[1].strip()
        return
    for program in dict.fromkeys(STARTED.findall(text)):
        match = script.search(_text(host, program[1:]))
        if match:
            yield f"{program[1:]}, which {path} starts,", match[1].strip()


def _files(host: HostRoot, directory: str, ends: tuple[str, ...]) -> Iterator[str]:
    for place in directories.expanded(host, directory):
        for name in host.names(place):
            if name.endswith(ends) and not name.startswith((OUR_RULE, OUR_UNIT)) and not name.endswith(".d"):
                yield f"{place}/{name}"


def _text(host: HostRoot, path: str) -> str:
    """Return the text of a file, empty if it looks like a binary program."""
    content = host.read_bytes(path) or b""
    return "" if b"\0" in content[:1024] else content.decode(errors="replace")
