# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Select what is kept of each file and command: outside of /sys, only what the engine searches for.

A file without a rule is not kept, because it may contain passwords.
"""

from __future__ import annotations

import json
import re
from typing import Callable, Optional

from . import disks, guests, networks
from .anonymize import Anonymizer

Reduce = Callable[[str, Anonymizer], Optional[str]]

KERNEL = ("sys/", "proc/driver/", "proc/net/", "proc/devices", "proc/modules")
# Words in files of other managers of VFs, see _guards/other_managers.py.
OF_MANAGERS = re.compile(
    r"sriov_numvfs|sriov_drivers_autoprobe|sriov-manage|\[SR-IOV\]|SR-IOVVirtualFunctions|\[sriov\]|sriov\."
    r"|virtual-function-count|embedded-switch-mode|max_vfs|num_vfs|numVfs|pciAddress|numvfs|mdev_supported_types"
    r"|mdevctl\s+start"
)
OF_INSTANCES = re.compile(
    r" *(?:(?:expanded_)?devices:|[\w.-]+:\s*\Z|(?:type|address|pci|gputype|nictype|parent|mdev|id|vendorid|productid"
    r"|source|path|security\.\S+):|volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid):)"
)
# The text before the word in a udev rule or modprobe file, and after the word in any file.
BEFORE = re.compile(r"\s*(?:options\s+\S+\s|.*?(?:ATTR\{|(?:RUN|PROGRAM|IMPORT)\b[^=]*=))?")
AFTER = re.compile(r"[\"}\]]*\s*[=:!]*\s*\d{0,3}")
STATUS = re.compile(r"(?:PPid|NSpid|NStgid|Uid):")
FILE_SYSTEM = re.compile(r"E:ID_FS_TYPE=")


def content(path: str, text: str, hide: Anonymizer) -> str | None:
    """Return what is kept of a file, with identifiers replaced, or None."""
    for pattern, reduce in RULES:
        if pattern.match(path):
            kept = reduce(text, hide)
            # The host name may also be a word of the kernel.
            hidden = None if kept is None else hide.text(kept)
            return hidden if hidden is None or path.startswith(KERNEL) else hide.host(hidden)
    return None


def output(command: tuple[str, ...], text: str, hide: Anonymizer) -> str:
    """Return what is kept of the output of a program; nothing for an unknown program."""
    name, *arguments = command
    if name == "nvidia-smi":
        return hide.text(text)
    if name not in ("ip", "devlink") or not text.strip():
        return ""
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    if name == "ip" and arguments[-2:] == ["address", "show"]:
        data = [networks.link_addresses(one) for one in data]
    elif name == "ip" and "route" in arguments:
        return json.dumps([networks.route(one, hide) for one in data])
    elif name == "ip":
        data = [{key: one[key] for key in ("ifname", "vfinfo_list") if key in one} for one in data]
    return hide.text(json.dumps(data))


def _all(text: str, hide: Anonymizer) -> str:
    return text


def _host_name(text: str, hide: Anonymizer) -> str:
    return "host"


def _serial(text: str, hide: Anonymizer) -> str:
    return hide.serial(text.strip())


def _lines(pattern: re.Pattern[str]) -> Reduce:
    """Return a function that keeps matching lines; a file without such lines is not kept."""

    def reduce(text: str, hide: Anonymizer) -> str | None:
        return "\n".join(line for line in text.splitlines() if pattern.search(line)) or None

    return reduce


def _nothing(text: str, hide: Anonymizer) -> str:
    return ""


def _managers(text: str, hide: Anonymizer) -> str | None:
    """Keep only the words that configure VFs, because the rest of the line may contain anything."""
    kept = []
    for line in text.splitlines():
        found = None if line.lstrip().startswith(("#", ";")) else OF_MANAGERS.search(line)
        if found:
            before, after = BEFORE.match(line[: found.start()]), AFTER.match(line[found.end() :])
            words = re.findall(r"options\s+\S+\s|ATTR\{|(?:RUN|PROGRAM|IMPORT)\+?=", before[0] if before else "")
            kept.append(f"{''.join(words[:1])}{found[0]}{after[0] if after else ''}")
    return "\n".join(kept) or None


# The first rule that matches the whole path applies.
RULES: tuple[tuple[re.Pattern[str], Reduce], ...] = tuple(
    (re.compile(rf"(?:proc/\d+/root/)?(?:{pattern})\Z"), reduce)
    for pattern, reduce in (
        (r"sys/.*/(?:\w*serial\w*|wwid|nguid|eui|unique_id|vpd|phys_switch_id|phys_port_id|port_name|node_name"
         r"|subsysnqn|hostnqn|hostid|serial_number|targetname)", _serial),
        (r"sys/.*/(?:dm/name|label)", disks.volume),
        (r"sys/.*/(?:dm/uuid|ifalias|iscsi_initiator_name|alias)", _nothing),
        (r"sys/.*/(?:loop/backing_file|device_path|udev_path)", disks.backing_file),
        (r"sys/.*", _all),
        (r"proc/cmdline", disks.command_line),
        (r"proc/(?:\d+/|self/)?mounts", disks.mounts),
        (r"proc/(?:\d+|self)/mountinfo", disks.mountinfo),
        (r"proc/swaps", disks.swaps),
        (r"proc/(?:\d+/)?net/route", networks.routes4),
        (r"proc/(?:\d+/)?net/ipv6_route", networks.routes6),
        (r"proc/(?:\d+/)?net/if_inet6", networks.addresses6),
        (r"proc/\d+/comm", _all),
        (r"proc/\d+/cmdline", guests.command_of),
        (r"proc/\d+/cgroup", guests.groups),
        (r"proc/\d+/status", _lines(STATUS)),
        (r"proc/\d+/fdinfo/\d+", _lines(re.compile(r"^(?:flags|minor|vfio\S*|iommufd\S*|drm-pdev):"))),
        (r"proc/driver/nvidia/gpus/[^/]+/information", _all),
        # Registry keys could name paths or licenses.
        (r"proc/driver/nvidia/params", _lines(re.compile(r"^RegistryDwords(?:PerDevice)?:"))),
        (r"proc/sys/kernel/osrelease", _all),
        (r"proc/sys/kernel/hostname|etc/hostname", _host_name),
        (r"proc/(?:version|devices|modules)", _all),
        (r"etc/machine-id", _all),
        (r"etc/(?:vfio-devices|mdevctl\.d)/.*", _all),
        (r"(?:etc|run)/vfio-devices/.*|run/vfio-devices/.*", _all),
        (r"(?:etc|usr/lib|lib|run)/udev/rules\.d/(?:\d+-)?(?:mdevctl|90-vfio-devices).*", _all),
        (r"run/udev/data/b[\d:]+", _lines(FILE_SYSTEM)),
        (r"etc/pve/mapping/pci\.cfg", guests.mapping),
        (r"etc/pve/.*\.conf", guests.guest),
        (r"(?:etc|run|var)/.*(?:libvirt|qemu).*\.xml", guests.domain),
        (r"var/.*kubelet_internal_checkpoint", guests.checkpoint),
        (r"(?:etc|run)/systemd/nspawn/.*|var/lib/machines/.*\.nspawn",
         _lines(re.compile(r"^[ \t]*(?:Bind|BindReadOnly)\s*=\s*[+-]*/dev/|^[ \t]*(?:Interface|MACVLAN|IPVLAN)\s*="))),
        (r"var/.*/backup\.yaml", _lines(OF_INSTANCES)),
        (r"run/qemu-server/\d+\.pid", _all),
        (r"(?:etc|run|var|usr/local|opt)/.*", _managers),
    )
)  # fmt: skip
