# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reduce mounts, swap space, volumes and the kernel command line to what a recording may contain."""

from __future__ import annotations

import re

from .anonymize import Anonymizer

# Kernel arguments about cards and drivers.
ARGUMENT = re.compile(
    r"(?:[\w-]*iommu\S*|vfio\S*|pci\S*|kvm\S*|modprobe\.\S+|module_blacklist=\S+|(?:rd\.)?driver\.\S+|rdblacklist=\S+"
    r"|(?:nvidia|nouveau|i915|xe|amdgpu|mlx5_core|nvme|ice|igb|ixgbe|i40e|bnxt_en)[\w.-]*=\S+|default_hugepagesz=\S+"
    r"|hugepages\S*|isolcpus=\S+|nohz\S*|ro|rw|quiet|boot=zfs|video=efifb:off|efi=\S+|intremap=\S+|lockdown=\S+)\Z"
)
# Mount points that are common to all hosts.
PLACES = re.compile(r"/(?:(?:boot|boot/efi|efi|usr|var|var/lib|var/log|var/tmp|home|tmp|opt|srv|root)\Z)?")
NAMELESS = re.compile(r"/dev/(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+|md\d+|dm-\d+|loop\d+)(?:p?\d+)?\Z")
SERVER = re.compile(r"(?:^|,)(?:addr|mon_addr)=[^,]+")
REMOTE = ("nfs", "nfs4", "ceph", "cifs", "smb3")


def command_line(text: str, hide: Anonymizer) -> str:
    words = [f"root={_disk(word[5:], hide)}" if word.startswith("root=") else word for word in text.split()]
    return " ".join(word for word in words if ARGUMENT.match(word) or word.startswith("root="))


def _disk(source: str, hide: Anonymizer) -> str:
    key, equals, value = source.partition("=")
    if equals:
        # For example UUID=... or ZFS=pool/data.
        return f"{key}={value if 'UUID' in key else _pool(value, hide)}"
    return source if NAMELESS.match(source) else f"/dev/mapper/{hide.name('volume', source)}"


def _pool(name: str, hide: Anonymizer) -> str:
    pool, *below = name.split("/")
    return "/".join([hide.name("pool", pool), *(hide.name("data", "/".join(below)) for dummy in below[:1])])


def _source(source: str, filesystem: str, hide: Anonymizer) -> str:
    if filesystem == "zfs":
        return _pool(source, hide)
    if filesystem in REMOTE:
        return f"{hide.name('server', source)}:/"
    return _disk(source, hide)


def _place(place: str, hide: Anonymizer) -> str:
    return place if PLACES.fullmatch(place) else f"/{hide.name('place', place)}"


def _options(options: str) -> str:
    return "".join(SERVER.findall(options)).lstrip(",") or "rw"


def mounts(text: str, hide: Anonymizer) -> str:
    kept = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and (words[0].startswith("/dev/") or words[2] in ("zfs", *REMOTE)):
            source = _source(words[0], words[2], hide)
            kept.append(f"{source} {_place(words[1], hide)} {words[2]} {_options(words[3])} 0 0")
    return "\n".join(kept)


def mountinfo(text: str, hide: Anonymizer) -> str:
    kept = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 4 and not words[2].startswith("0:"):
            kept.append(f"{words[0]} {words[1]} {words[2]} / {_place(words[4], hide)} rw - none none rw")
    return "\n".join(kept)


def swaps(text: str, hide: Anonymizer) -> str:
    first, *lines = text.splitlines() or [""]
    return "\n".join([first, *(f"{_disk(line.split()[0], hide)} partition 0 0 -2" for line in lines if line.split())])


def volume(text: str, hide: Anonymizer) -> str:
    return hide.name("volume", text.strip())


def backing_file(text: str, hide: Anonymizer) -> str:
    return text if NAMELESS.match(text.strip()) else f"/{hide.name('file', text.strip())}"
