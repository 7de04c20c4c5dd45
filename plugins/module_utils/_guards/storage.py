# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find disks of functions that the host uses: file systems, pools, swap, exports, upper devices and processes.

Other exclusive users of a disk are detected with an exclusive open.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from .._core.grammar import FUNCTION_IN_PATH
from .._core.patterns import lazy_pattern
from .._core.wording import describe_users
from .._host.root import HostRoot, first_lines
from .._model.uses import LOSES_DRIVER, Use
from . import nvme_fabrics
from .base import Scene, user
from .configured_disks import configured
from .processes import REMOVED, UDEV, Processes

NAME = "storage"
ADVICE = "select another card, or stop the use of the disk first"

BLOCK = "sys/class/block"
# Process 1 has the mounts of the host, even if this process does not.
MOUNTS = ("proc/1/mounts", "proc/mounts")
MOUNTINFO = ("proc/1/mountinfo", "proc/self/mountinfo")
SWAPS = "proc/swaps"
# The devices of each mounted file system, in any mount namespace (fs/btrfs/sysfs.c).
BTRFS = "sys/fs/btrfs"
FILE_SYSTEMS = "sys/fs"
BCACHEFS = "bcachefs"
# A directory for each imported pool (OpenZFS, module/zfs/spa_stats.c).
ZFS_POOLS = "proc/spl/kstat/zfs"
UDEV_DATA = "run/udev/data"
UDEV_PROPERTY = lazy_pattern(r"^E:(ID_FS_TYPE|ID_FS_LABEL|ID_PART_ENTRY_TYPE)=(.*)$", re.MULTILINE)
# The type of partitions that OpenZFS creates. udev may not know their content.
ZFS_PARTITION = "6a898cc3-1dd2-11b2-99a6-080020736631"
MDSTAT = "proc/mdstat"
MEMBER = lazy_pattern(r"([^\s\[]+)\[\d+\]")
# Disks exported over NVMe (drivers/nvme/target/configfs.c) and SCSI (drivers/target/target_core_configfs.c, and
# scst_vdisk.c of SCST, which adds a line to a name that is not the default).
EXPORTS = (
    ("sys/kernel/config/nvmet/subsystems", "namespaces", "device_path", "exported over NVMe"),
    ("sys/kernel/config/target/core", "", "udev_path", "exported over SCSI"),
    ("sys/kernel/scst_tgt", "", "filename", "exported over SCSI"),
)
# A device file of the host that is mounted elsewhere, such as a volume of a pod (the fourth word is its path in /dev).
DEVICE_FILES = " - devtmpfs "
# Device files that most processes have open.
COMMON = ("/dev/null", "/dev/pts/", "/dev/urandom")
# The kernel follows at most this many links (include/linux/namei.h, MAXSYMLINKS).
MOST_LINKS = 40
# One of several paths to a namespace; the file system is on nvme0n1 (drivers/nvme/host/multipath.c).
PATH_TO_NAMESPACE = lazy_pattern(r"nvme(\d+)c\d+n(\d+(?:p\d+)?)\Z")


def observe(host: HostRoot, scene: Scene) -> Iterator[Use]:
    """Yield a use for each function with a disk in use, or with connections to remote disks."""
    for address, remote in nvme_fabrics.cards(host).items():
        yield Use(address, NAME, LOSES_DRIVER, ADVICE, clause=f"carries {' and '.join(remote)}")
    for address, subsystem in nvme_fabrics.exported(host):
        clause = f"is exported over NVMe as {subsystem}"
        advice = f"stop the export with echo 0 > /{nvme_fabrics.TARGETS}/{subsystem}/passthru/enable"
        yield Use(address, NAME, LOSES_DRIVER, advice, clause=clause)
    owned = {name: addresses for name, addresses in owners(host).items() if not scene.asked or addresses & scene.asked}
    if not owned:
        return
    found = in_use(host, owned)
    for name, users in _opened(host, scene.processes, set(owned)).items():
        for address in owned[name]:
            found.setdefault(address, []).append(f"{name} is in use by {users}")
    for address, sentences in found.items():
        clause = f"carries a disk of this host ({'; '.join(sentences)})"
        yield Use(address, NAME, LOSES_DRIVER, ADVICE, clause=clause)


def in_use(host: HostRoot, owners: dict[str, set[str]]) -> dict[str, list[str]]:
    """Map each function with a disk in use to the uses, such as ``nvme1n1p2 is mounted at /``.

    ``owners`` is the result of :func:`owners`, or a part of it.
    """
    used = _mounted(host)
    for uses in (_btrfs(host), _zfs(host, owners), _loops(host), _exports(host), _caches(host, owners)):
        for name, use in uses.items():
            used.setdefault(name, []).append(use)
    for found_uses in (_file_systems(host), configured(host)):
        for name, use in found_uses.items():
            used.setdefault(name, [use])
    above = _above(host, owners)
    found: dict[str, list[str]] = {}
    for name, addresses in owners.items():
        sentences = [f"{name} is {use}" for use in used.get(name, [])]
        users = {*host.names(f"{BLOCK}/{name}/holders"), *above.get(name, ())}
        sentences += [f"{name} is used by {_on_top(host, one)}" for one in sorted(users)]
        if not sentences and host.is_claimed(name, host.read(f"{BLOCK}/{name}/dev", optional=True)):
            sentences = [f"{name} is claimed by the kernel or a program, which refuses an exclusive open with EBUSY"]
        for address in addresses if sentences else ():
            found.setdefault(address, []).extend(sentences)
    return found


def owners(host: HostRoot) -> dict[str, set[str]]:
    """Map each block device to the functions that it needs: its own, and a VMD, which has a PCI domain of its own."""
    found: dict[str, set[str]] = {}
    for name, path in host.links(BLOCK):
        above = FUNCTION_IN_PATH.findall(path)
        if above:
            drive = above[-1]
            addresses = {one for one in above if one == drive or _domain(one) != _domain(drive)}
            found.setdefault(name, set()).update(addresses)
            one_of_many = PATH_TO_NAMESPACE.match(name)
            if one_of_many:
                found.setdefault(f"nvme{one_of_many[1]}n{one_of_many[2]}", set()).update(addresses)
    heads = [name for name in found if not host.exists(f"{BLOCK}/{name}/partition")]
    for name in host.names(BLOCK):
        for head in heads:
            # A partition of a namespace with several paths.
            if name not in found and re.fullmatch(re.escape(head) + r"p\d+", name):
                found[name] = found[head]
    return found


def _domain(address: str) -> str:
    return address.partition(":")[0]


def _opened(host: HostRoot, processes: Processes, names: set[str]) -> dict[str, str]:
    """Map each disk to the processes that have it open; Ceph, for example, uses disks without a file system."""
    found: dict[str, dict[int, str]] = {}
    numbers = {host.read(f"{BLOCK}/{name}/dev", optional=True) or "": name for name in names}
    for target, having in processes.device_files.items():
        last = target.rpartition("/")[2].removesuffix(REMOVED)
        for opened in having if "/dev/" in target and not target.startswith(COMMON) else ():
            # A container may have the disk under any name.
            number = (
                None if last in names else host.device_number(opened.process, opened.descriptor, target, block=True)
            )
            name = last if last in names else numbers.get(number or "-")
            holder = processes.holder(opened.process) if name else None
            if name and holder and holder.command not in UDEV and processes.is_open(opened):
                found.setdefault(name, {})[opened.process] = describe_users([user(holder)])
    return {name: ", ".join(users[process] for process in sorted(users)) for name, users in found.items()}


def _mounted(host: HostRoot) -> dict[str, list[str]]:
    """Map each block device to its mounts and swap uses."""
    used: dict[str, list[str]] = {}
    numbers: dict[str, str] = {}
    for line in first_lines(host, MOUNTINFO):
        words = line.split()
        if len(words) > 4 and not words[2].startswith("0:"):
            numbers.setdefault(words[2], words[4])
        elif len(words) > 4 and words[3] != "/" and DEVICE_FILES in line:
            used[words[3].rpartition("/")[2]] = [f"available at {words[4]}"]
    if numbers:
        for name in host.names(BLOCK):
            number = host.read(f"{BLOCK}/{name}/dev", optional=True)
            if number in numbers:
                used.setdefault(name, []).append(f"mounted at {numbers[number]}")
    for line in first_lines(host, MOUNTS):
        words = line.split()
        disk = _name(host, words[0]) if len(words) > 1 else None
        if disk and disk not in used:
            used[disk] = [f"mounted at {words[1]}"]
    for line in first_lines(host, (SWAPS,))[1:]:
        disk = _name(host, line.split()[0]) if line.split() else None
        if disk:
            used.setdefault(disk, []).append("swap space")
    return used


def _file_systems(host: HostRoot) -> dict[str, str]:
    """Map each block device to its file system if that is mounted in any mount namespace: ``sys/fs/ext4/sda1``."""
    found = {}
    disks = set(host.names(BLOCK))
    for kind in host.names(FILE_SYSTEMS):
        for name in host.names(f"{FILE_SYSTEMS}/{kind}"):
            if name in disks:
                found[name] = f"mounted in a mount namespace, as {kind}"
            for member in host.names(f"{FILE_SYSTEMS}/{kind}/{name}") if kind == BCACHEFS else ():
                # dev-0/block is a link to the disk.
                disk = host.link_name(f"{FILE_SYSTEMS}/{kind}/{name}/{member}/block")
                if disk:
                    found[disk] = f"part of the mounted {kind} {name}"
    return found


def _btrfs(host: HostRoot) -> dict[str, str]:
    """Map each block device to the mounted multi-device btrfs to which it belongs."""
    found = {}
    for uuid in host.names(BTRFS):
        for name in host.names(f"{BTRFS}/{uuid}/devices"):
            found[name] = f"part of the mounted btrfs {uuid}"
    return found


def _zfs(host: HostRoot, owners: dict[str, set[str]]) -> dict[str, str]:
    """Map each block device to the imported ZFS pool to which it belongs, from the labels that udev has read.

    A member without a known pool name counts for every imported pool.
    """
    pools = {name for name in host.names(ZFS_POOLS) if host.exists(f"{ZFS_POOLS}/{name}/state")}
    pools |= {line.split()[0].partition("/")[0] for line in first_lines(host, MOUNTS) if line.split()[2:3] == ["zfs"]}
    found = {}
    for name in owners if pools else ():
        number = host.read(f"{BLOCK}/{name}/dev", optional=True)
        properties = dict(UDEV_PROPERTY.findall(host.read(f"{UDEV_DATA}/b{number}", optional=True) or ""))
        label = properties.get("ID_FS_LABEL")
        is_member = properties.get("ID_FS_TYPE", "zfs_member") == "zfs_member" and (
            "ID_FS_TYPE" in properties or properties.get("ID_PART_ENTRY_TYPE") == ZFS_PARTITION
        )
        if is_member and (label is None or label in pools):
            found[name] = f"part of the imported ZFS pool {label or ' or '.join(sorted(pools))}"
    return found


def _loops(host: HostRoot) -> dict[str, str]:
    """Map each block device to the loop device that uses it as its file."""
    found = {}
    for name in host.names(BLOCK):
        if name.startswith("loop"):
            disk = _name(host, host.read(f"{BLOCK}/{name}/loop/backing_file", optional=True) or "")
            if disk:
                found[disk] = f"used by {name}"
    return found


def _above(host: HostRoot, owners: dict[str, set[str]]) -> dict[str, set[str]]:
    """Map each block device to the devices on top of it, from their sysfs directories and the RAID list."""
    found: dict[str, set[str]] = {}
    for name in host.names(BLOCK):
        for below in host.names(f"{BLOCK}/{name}/slaves") if name not in owners else ():
            found.setdefault(below, set()).add(name)
    for line in first_lines(host, (MDSTAT,)):
        name, colon, rest = line.partition(" : ")
        for below in MEMBER.findall(rest) if colon else ():
            found.setdefault(below, set()).add(name)
    return found


def _caches(host: HostRoot, owners: dict[str, set[str]]) -> dict[str, str]:
    """Map each block device to the bcache of which it is a cache; holders lacks it (drivers/md/bcache/super.c)."""
    sets = {name: host.link_name(f"{BLOCK}/{name}/bcache/set") for name in owners}
    return {name: f"part of the bcache {one}" for name, one in sets.items() if one}


def _exports(host: HostRoot) -> dict[str, str]:
    """Map each block device to its export to other hosts."""
    found = {}
    for directory, middle, attribute, use in EXPORTS:
        for group in host.names(directory):
            above = "/".join(filter(None, (directory, group, middle)))
            for member in host.names(above):
                # The path that the administrator has given, usually a link in /dev/disk/by-id.
                path = host.read(f"{above}/{member}/{attribute}", optional=True) or ""
                disk = _name(host, path.partition("\n")[0])
                if disk:
                    found[disk] = use
    return found


def _on_top(host: HostRoot, name: str) -> str:
    """Return the name of a device on top of a disk: ``dm-0 (vg0-root)``."""
    title = host.read(f"{BLOCK}/{name}/dm/name", optional=True)
    return f"{name} ({title})" if title else name


def _name(host: HostRoot, path: str) -> str | None:
    """Return the name of the device to which a path below /dev leads; None for other paths."""
    for _link in range(MOST_LINKS):
        target = host.link(path[1:]) if path.startswith("/dev/") else None
        if target is None:
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return path.rpartition("/")[2] if path.startswith("/dev/") else None
