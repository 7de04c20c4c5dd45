# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.
"""Find disks that files of the host configure, such as /etc/fstab. At the next boot, the host misses them.

systemd waits for such a disk and starts the emergency mode if it is missing (systemd.mount(5), fstab). A stopped Ceph
OSD does not have its disk open, but a link to the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import directories

# Files with the disk in a field of each line.
TABLES = (("etc/fstab", 0), ("etc/crypttab", 1), ("etc/kdump.conf", 1))
# A space in a field is written as \040 (fstab(5)).
OCTAL = lazy_pattern(r"\\([0-7]{3})")
UNITS = "etc/systemd/system"
KINDS = (".mount", ".swap")
WHAT = lazy_pattern(r"^[ \t]*What[ \t]*=[ \t]*(\S+)[ \t]*$", re.MULTILINE)
# Directories with a directory for each OSD, of packages, cephadm and Rook (* stands for any name).
OSDS = ("var/lib/ceph/osd", "var/lib/ceph/*", "var/lib/rook/*")
OSD_LINKS = ("block", "block.db", "block.wal")
# Directories of udev with links to disks (util-linux, fstab(5)).
TAGS = {
    "UUID": "by-uuid",
    "LABEL": "by-label",
    "PARTUUID": "by-partuuid",
    "PARTLABEL": "by-partlabel",
    "ID": "by-id",
}
DISKS = "dev/disk"
QUOTES = "\"'"
# Characters that udev keeps in labels, besides letters, digits and all characters that are not ASCII.
KEPT = "#+-.:=@_"


def configured(host: HostRoot) -> dict[str, str]:
    """Map each block device to its use, such as ``listed in /etc/fstab``."""
    found: dict[str, str] = {}
    for path, given in _given(host):
        disk = _disk(host, given)
        if disk:
            found.setdefault(disk, f"listed in /{path}")
    for path, target in _of_ceph(host):
        disk = _disk(host, target)
        if disk:
            found.setdefault(disk, f"the disk of a Ceph OSD (/{path})")
    return found


def _of_ceph(host: HostRoot) -> Iterator[tuple[str, str]]:
    for directory in OSDS:
        for place in directories.expanded(host, directory):
            for osd in [f"{place}/{name}" for name in host.names(place)]:
                # The directory may be on the disk itself, which may not answer.
                names = host.names(osd)
                targets = {f"{osd}/{link}": host.link(f"{osd}/{link}") for link in OSD_LINKS if link in names}
                yield from ((path, target) for path, target in targets.items() if target)


def _given(host: HostRoot) -> Iterator[tuple[str, str]]:
    for path, field in TABLES:
        for line in (host.read(path, optional=True) or "").splitlines():
            words = line.split()
            if len(words) > field and not words[0].startswith("#"):
                yield path, OCTAL.sub(lambda match: chr(int(match[1], 8)), words[field])
    for name in host.names(UNITS):
        if name.endswith(KINDS):
            for given in WHAT.findall(host.read(f"{UNITS}/{name}", optional=True) or ""):
                yield f"{UNITS}/{name}", given


def _disk(host: HostRoot, given: str) -> str | None:
    """Return the name of a disk that is given by its path or by a tag such as ``UUID=...``."""
    tag, equals, value = given.partition("=")
    path = f"{DISKS}/{TAGS[tag]}/{_encoded(value.strip(QUOTES))}" if equals and tag in TAGS else given.lstrip("/")
    if not path.startswith("dev/") or "/../" in path:
        return None
    return (host.link(path) or path).rpartition("/")[2]


def _encoded(value: str) -> str:
    """Return a label as udev writes it in the name of a link (src/shared/device-nodes.c, encode_devnode_name)."""
    return "".join(one if one.isalnum() or one in KEPT or not one.isascii() else f"\\x{ord(one):02x}" for one in value)
