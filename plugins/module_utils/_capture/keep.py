# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What is kept of each file and each command: what the engine looks for, and nothing else outside of /sys.

A file that no line here names is not kept: it may have passwords.
"""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from typing import Any, Callable, Optional
from xml.etree import ElementTree

from .disguise import Disguise

Reduce = Callable[[str, Disguise], Optional[str]]

# Of the kernel's arguments those that say something of cards and drivers.
ARGUMENT = re.compile(
    r"(?:[\w-]*iommu\S*|vfio\S*|pci\S*|kvm\S*|modprobe\.\S+|module_blacklist=\S+|(?:rd\.)?driver\.\S+|rdblacklist=\S+"
    r"|(?:nvidia|nouveau|i915|xe|amdgpu|mlx5_core|nvme|ice|igb|ixgbe|i40e|bnxt_en)[\w.-]*=\S+|default_hugepagesz=\S+"
    r"|hugepages\S*|isolcpus=\S+|nohz\S*|ro|rw|quiet|boot=zfs|video=efifb:off|efi=\S+|intremap=\S+|lockdown=\S+)\Z"
)
KERNEL = ("sys/", "proc/driver/", "proc/net/", "proc/devices", "proc/modules")
# Mount points that every host has.
PLACES = re.compile(r"/(?:(?:boot|boot/efi|efi|usr|var|var/lib|var/log|var/tmp|home|tmp|opt|srv|root)\Z)?")
NAMELESS = re.compile(r"/dev/(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+|md\d+|dm-\d+|loop\d+)(?:p?\d+)?\Z")
SERVER = re.compile(r"(?:^|,)(?:addr|mon_addr)=[^,]+")
REMOTE = ("nfs", "nfs4", "ceph", "cifs", "smb3")
# Words of other managers of VFs, see the guard of them.
OF_MANAGERS = re.compile(
    r"sriov_numvfs|sriov_drivers_autoprobe|sriov-manage|\[SR-IOV\]|SR-IOVVirtualFunctions|\[sriov\]|sriov\."
    r"|virtual-function-count|embedded-switch-mode|max_vfs|num_vfs|numVfs|pciAddress|numvfs|mdev_supported_types"
    r"|mdevctl\s+start"
)
OF_GUESTS = re.compile(r"(?:hostpci\d+|dev\d+|template|lxc\.(?:net\.\d+\.link|mount\.entry)):")
OF_INSTANCES = re.compile(
    r" *(?:(?:expanded_)?devices:|[\w.-]+:\s*\Z|(?:type|address|pci|gputype|nictype|parent|mdev|id|vendorid|productid"
    r"|source|path|security\.\S+):|volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid):)"
)
STATUS = re.compile(r"(?:PPid|NSpid|NStgid|Uid):")
FILE_SYSTEM = re.compile(r"E:ID_FS_TYPE=")
XML_TAGS = (
    *("domstatus", "domain", "name", "uuid", "devices", "hostdev", "interface", "source", "address", "actual", "driver"),
    *("network", "forward", "pf", "model"),
)
XML_ATTRIBUTES = (
    *("type", "mode", "managed", "domain", "bus", "slot", "function", "uuid", "dev", "network", "model", "name", "state"),
    "pid",
)


def content(path: str, text: str, hide: Disguise) -> str | None:
    """What is kept of a file, with other identities, or None for nothing of it."""
    for pattern, reduce in RULES:
        if pattern.match(path):
            kept = reduce(text, hide)
            # A name of the host may be a word of the kernel as well.
            hidden = None if kept is None else hide.text(kept)
            return hidden if hidden is None or path.startswith(KERNEL) else hide.host(hidden)
    return None


def output(command: tuple[str, ...], text: str, hide: Disguise) -> str:
    """What is kept of what a program printed; nothing of one that is not known."""
    name, *arguments = command
    if name not in ("ip", "devlink") or not text.strip():
        return ""
    try:
        data = json.loads(text)
    except ValueError:
        return ""
    if name == "ip" and arguments[-2:] == ["address", "show"]:
        data = [_address(one) for one in data]
    elif name == "ip" and "route" in arguments:
        return json.dumps([_of_route(one, hide) for one in data])
    elif name == "ip":
        data = [{key: one[key] for key in ("ifname", "vfinfo_list") if key in one} for one in data]
    return hide.text(json.dumps(data))


def _address(link: Any) -> Any:
    kept = {key: link[key] for key in ("ifname", "xdp") if key in link}
    addresses = [{key: one[key] for key in ("local", "prefixlen") if key in one} for one in link.get("addr_info", [])]
    return {**kept, "addr_info": addresses}


def _of_route(route: Any, hide: Disguise) -> Any:
    kept = {key: route[key] for key in ("type", "dst", "dev", "flags") if key in route}
    hops = [{key: hop[key] for key in ("dev", "flags") if key in hop} for hop in route.get("nexthops", [])]
    if kept.get("dst", "default") != "default":
        network = ipaddress.ip_network(kept["dst"], strict=False)
        moved = hide.network(network.network_address, network.prefixlen)
        kept["dst"] = f"{moved}/{network.prefixlen}" if "/" in kept["dst"] else str(moved)
    return {**kept, "nexthops": hops} if hops else kept


def _all(text: str, hide: Disguise) -> str:
    return text


def _host_name(text: str, hide: Disguise) -> str:
    return "host"


def _serial(text: str, hide: Disguise) -> str:
    return hide.serial(text.strip())


def _lines(pattern: re.Pattern[str]) -> Reduce:
    """Only the lines in which something is found; a file without one is not kept."""

    def reduce(text: str, hide: Disguise) -> str | None:
        return "\n".join(line for line in text.splitlines() if pattern.search(line)) or None

    return reduce


def _command_line(text: str, hide: Disguise) -> str:
    words = [f"root={_disk(word[5:], hide)}" if word.startswith("root=") else word for word in text.split()]
    return " ".join(word for word in words if ARGUMENT.match(word) or word.startswith("root="))


def _disk(source: str, hide: Disguise) -> str:
    key, equals, value = source.partition("=")
    if equals:
        # UUID=..., ZFS=pool/data
        return f"{key}={value if 'UUID' in key else _pool(value, hide)}"
    return source if NAMELESS.match(source) else f"/dev/mapper/{hide.name('volume', source)}"


def _pool(name: str, hide: Disguise) -> str:
    pool, *below = name.split("/")
    return "/".join([hide.name("pool", pool), *(hide.name("data", "/".join(below)) for _ in below[:1])])


def _source(source: str, filesystem: str, hide: Disguise) -> str:
    if filesystem == "zfs":
        return _pool(source, hide)
    if filesystem in REMOTE:
        return f"{hide.name('server', source)}:/"
    return _disk(source, hide)


def _place(place: str, hide: Disguise) -> str:
    return place if PLACES.fullmatch(place) else f"/{hide.name('place', place)}"


def _options(options: str) -> str:
    return "".join(SERVER.findall(options)).lstrip(",") or "rw"


def _mounts(text: str, hide: Disguise) -> str:
    kept = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and (words[0].startswith("/dev/") or words[2] in ("zfs", *REMOTE)):
            source = _source(words[0], words[2], hide)
            kept.append(f"{source} {_place(words[1], hide)} {words[2]} {_options(words[3])} 0 0")
    return "\n".join(kept)


def _mountinfo(text: str, hide: Disguise) -> str:
    kept = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 4 and not words[2].startswith("0:"):
            kept.append(f"{words[0]} {words[1]} {words[2]} / {_place(words[4], hide)} rw - none none rw")
    return "\n".join(kept)


def _swaps(text: str, hide: Disguise) -> str:
    first, *lines = text.splitlines() or [""]
    return "\n".join([first, *(f"{_disk(line.split()[0], hide)} partition 0 0 -2" for line in lines if line.split())])


def _routes4(text: str, hide: Disguise) -> str:
    first, *lines = text.splitlines() or [""]
    return "\n".join([first, *("\t".join(_route4(line.split(), hide)) for line in lines)])


def _route4(words: list[str], hide: Disguise) -> list[str]:
    def number(word: str) -> int:
        return int.from_bytes(bytes.fromhex(word), sys.byteorder)

    def word(address: int) -> str:
        return address.to_bytes(4, sys.byteorder).hex().upper()

    try:
        length = bin(number(words[7])).count("1")
        words[1] = word(int(hide.network(ipaddress.IPv4Address(number(words[1])), length)))
        words[2] = word(int(hide.network(ipaddress.IPv4Address(number(words[2])), 32)))
    except (ValueError, IndexError):
        return []
    return words


def _routes6(text: str, hide: Disguise) -> str:
    return "\n".join(" ".join(_route6(line.split(), (0, 1), (4, None), hide)) for line in text.splitlines())


def _addresses6(text: str, hide: Disguise) -> str:
    return "\n".join(" ".join(_route6(line.split(), (0, None), (0, None), hide)) for line in text.splitlines())


def _route6(words: list[str], first: tuple[int, int | None], second: tuple[int, int | None], hide: Disguise) -> list[str]:
    try:
        for place, length in {first, second}:
            bits = int(words[length], 16) if length is not None else 128
            words[place] = f"{int(hide.network(ipaddress.IPv6Address(int(words[place], 16)), bits)):032x}"
    except (ValueError, IndexError):
        return []
    return words


def _domain(text: str, hide: Disguise) -> str | None:
    try:
        top = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    return ElementTree.tostring(_element(top, hide), encoding="unicode")


def _element(element: Any, hide: Disguise) -> Any:
    kept = ElementTree.Element(element.tag, {key: element.attrib[key] for key in element.attrib if key in XML_ATTRIBUTES})
    if kept.get("network"):
        kept.set("network", hide.name("network", kept.get("network", "")))
    for child in element:
        text = (child.text or "").strip()
        if child.tag in XML_TAGS:
            kept.append(_element(child, hide))
        if child.tag == "name" and text:
            kept[-1].text = hide.name("network" if element.tag == "network" else "guest", text)
        elif child.tag == "uuid":
            kept[-1].text = text
    return kept


def _mapping(text: str, hide: Disguise) -> str:
    """The names that Proxmox VE gives to cards, with the nodes that have them."""
    kept = [line for line in text.splitlines() if not line.strip().startswith("description")]
    nodes = re.compile(r"(?<=\bnode=)[\w.-]+")
    return nodes.sub(lambda found: hide.node(found[0]), "\n".join(kept))


def _guest(text: str, hide: Disguise) -> str:
    """A guest of Proxmox VE."""
    kept = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if key in ("name", "hostname") and colon:
            kept.append(f"{key}: {hide.name('guest', value.strip())}")
        elif OF_GUESTS.match(line) or line.startswith("["):
            kept.append(line if not line.startswith("[") or "PENDING" in line.upper() else "[snapshot]")
    return "\n".join(kept)


def _process(text: str, hide: Disguise) -> str:
    """The program, and the guest's name as QEMU is told it."""
    words = text.split("\0")
    kept = [words[0].rpartition("/")[2]]
    for option, value in zip(words, words[1:]):
        if option == "-name":
            name = re.match(r"(?:guest=)?((?:[^,]|,,)*)", value)
            kept += ["-name", f"guest={hide.name('guest', name[1] if name else value)}"]
    return "\0".join(kept)


def _groups(text: str, hide: Disguise) -> str:
    """Units of systemd, and the ids of containers."""
    found = re.findall(r"/([\w@.-]+\.service)|((?:docker|libpod|crio|cri-containerd)[-/][0-9a-f]{12,})", text)
    return "0::/" + "/".join(unit or container for unit, container in found)


def _checkpoint(text: str, hide: Disguise) -> str | None:
    try:
        entries = json.loads(text)["Data"]["PodDeviceEntries"] or []
    except (ValueError, KeyError, TypeError):
        return None
    keys = ("PodUID", "ContainerName", "ResourceName", "DeviceIDs")
    kept = [{key: one[key] for key in keys if key in one} for one in entries if isinstance(one, dict)]
    for one in kept:
        one["ContainerName"] = hide.name("container", str(one.get("ContainerName", "")))
    return json.dumps({"Data": {"PodDeviceEntries": kept}})


def _volume(text: str, hide: Disguise) -> str:
    return hide.name("volume", text.strip())


def _backing(text: str, hide: Disguise) -> str:
    return text if NAMELESS.match(text.strip()) else f"/{hide.name('file', text.strip())}"


def _nothing(text: str, hide: Disguise) -> str:
    return ""


# The first pattern that matches the whole path counts.
RULES: tuple[tuple[re.Pattern[str], Reduce], ...] = tuple(
    (re.compile(rf"(?:proc/\d+/root/)?(?:{pattern})\Z"), reduce)
    for pattern, reduce in (
        (r"sys/.*/(?:\w*serial\w*|wwid|nguid|eui|unique_id|vpd|phys_switch_id|phys_port_id|port_name|node_name"
         r"|subsysnqn|hostnqn|hostid|serial_number|targetname)", _serial),
        (r"sys/.*/(?:dm/name|label)", _volume),
        (r"sys/.*/(?:dm/uuid|ifalias|iscsi_initiator_name|alias)", _nothing),
        (r"sys/.*/(?:loop/backing_file|device_path|udev_path)", _backing),
        (r"sys/.*", _all),
        (r"proc/cmdline", _command_line),
        (r"proc/(?:\d+/|self/)?mounts", _mounts),
        (r"proc/(?:\d+|self)/mountinfo", _mountinfo),
        (r"proc/swaps", _swaps),
        (r"proc/(?:\d+/)?net/route", _routes4),
        (r"proc/(?:\d+/)?net/ipv6_route", _routes6),
        (r"proc/(?:\d+/)?net/if_inet6", _addresses6),
        (r"proc/\d+/comm", _all),
        (r"proc/\d+/cmdline", _process),
        (r"proc/\d+/cgroup", _groups),
        (r"proc/\d+/status", _lines(STATUS)),
        (r"proc/\d+/fdinfo/\d+", _lines(re.compile(r"^(?:flags|minor|vfio\S*|iommufd\S*|drm-pdev):"))),
        (r"proc/driver/nvidia/gpus/[^/]+/information", _all),
        (r"proc/sys/kernel/osrelease", _all),
        (r"proc/sys/kernel/hostname|etc/hostname", _host_name),
        (r"proc/(?:version|devices|modules)", _all),
        (r"etc/machine-id", _all),
        (r"etc/(?:vfio-devices|mdevctl\.d)/.*", _all),
        (r"(?:etc|run)/vfio-devices/.*|run/vfio-devices/.*", _all),
        (r"(?:etc|usr/lib|lib|run)/udev/rules\.d/(?:\d+-)?(?:mdevctl|90-vfio-devices).*", _all),
        (r"run/udev/data/b[\d:]+", _lines(FILE_SYSTEM)),
        (r"etc/pve/mapping/pci\.cfg", _mapping),
        (r"etc/pve/.*\.conf", _guest),
        (r"(?:etc|run|var)/.*(?:libvirt|qemu).*\.xml", _domain),
        (r"var/.*kubelet_internal_checkpoint", _checkpoint),
        (r"(?:etc|run)/systemd/nspawn/.*|var/lib/machines/.*\.nspawn",
         _lines(re.compile(r"^\s*(?:Bind|BindReadOnly)\s*=\s*[+-]*/dev/|^\s*(?:Interface|MACVLAN|IPVLAN)\s*="))),
        (r"var/.*/backup\.yaml", _lines(OF_INSTANCES)),
        (r"run/qemu-server/\d+\.pid", _all),
        (r"(?:etc|run|var|usr/local|opt)/.*", _lines(OF_MANAGERS)),
    )
)  # fmt: skip
