# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Disks of functions that the host itself uses: file systems, swap space, what lies on top, processes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.problems import holders
from .._host.root import HostRoot
from .._model.uses import LOSES_DRIVER, Use
from .base import Scene, user
from .processes import REMOVED, UDEV, Processes

NAME = "storage"

BLOCK = "sys/class/block"
# The first process has the host's own mounts, whoever reads.
MOUNTS = ("proc/1/mounts", "proc/mounts")
MOUNTINFO = ("proc/1/mountinfo", "proc/self/mountinfo")
SWAPS = "proc/swaps"
ADDRESS = re.compile(r"/([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?=/)")
# One path to a namespace that others lead to as well; the file system is on nvme0n1 (drivers/nvme/host/multipath.c).
PATH_TO_NAMESPACE = re.compile(r"nvme(\d+)c\d+n(\d+(?:p\d+)?)\Z")


def observe(host: HostRoot, scene: Scene) -> Iterator[Use]:
    """One use for each function with disks in use."""
    owned = {name: addresses for name, addresses in owners(host).items() if not scene.asked or addresses & scene.asked}
    if not owned:
        return
    found = in_use(host, owned)
    for name, users in _opened(scene.processes, set(owned)).items():
        for address in owned[name]:
            found.setdefault(address, []).append(f"{name} is in use by {users}")
    for address, sentences in found.items():
        clause = f"carries a disk of this host: {'; '.join(sentences)}"
        yield Use(address, NAME, LOSES_DRIVER, "select another card, or end the use of the disk first", clause=clause)


def _opened(processes: Processes, names: set[str]) -> dict[str, str]:
    """By disk the processes that have it open, as those of Ceph have without a file system."""
    found: dict[str, dict[int, str]] = {}
    for target, having in processes.device_files.items():
        name = target.rpartition("/")[2].removesuffix(REMOVED)
        for opened in having if name in names and "/dev/" in target else ():
            holder = processes.holder(opened.process)
            if holder.command not in UDEV and processes.is_open(opened):
                found.setdefault(name, {})[opened.process] = holders([user(holder)])
    return {name: ", ".join(users[process] for process in sorted(users)) for name, users in found.items()}


def in_use(host: HostRoot, owners: dict[str, set[str]]) -> dict[str, list[str]]:
    """By PCI address, for functions with a disk in use, what it is used for: ``nvme1n1p2 is mounted at /``.

    ``owners`` are those of :func:`owners`, or some of them.
    """
    used = _mounted(host)
    found: dict[str, list[str]] = {}
    for name, addresses in owners.items():
        sentences = [f"{name} is {use}" for use in used.get(name, [])]
        sentences += [f"{name} is used by {holder}" for holder in host.names(f"{BLOCK}/{name}/holders")]
        for address in addresses if sentences else ():
            found.setdefault(address, []).extend(sentences)
    return found


def owners(host: HostRoot) -> dict[str, set[str]]:
    """By block device the functions that it needs."""
    found: dict[str, set[str]] = {}
    for name in host.names(BLOCK):
        addresses = ADDRESS.findall(host.link(f"{BLOCK}/{name}") or "")
        if addresses:
            found.setdefault(name, set()).add(addresses[-1])
            path = PATH_TO_NAMESPACE.match(name)
            if path:
                found.setdefault(f"nvme{path[1]}n{path[2]}", set()).add(addresses[-1])
    heads = [name for name in found if not host.exists(f"{BLOCK}/{name}/partition")]
    for name in host.names(BLOCK):
        for head in heads:
            # A partition of a namespace with several paths.
            if name not in found and re.fullmatch(re.escape(head) + r"p\d+", name):
                found[name] = found[head]
    return found


def _mounted(host: HostRoot) -> dict[str, list[str]]:
    """By block device what is on it."""
    used: dict[str, list[str]] = {}
    numbers: dict[str, str] = {}
    for line in _lines(host, MOUNTINFO):
        words = line.split()
        if len(words) > 4 and not words[2].startswith("0:"):
            numbers.setdefault(words[2], words[4])
    if numbers:
        for name in host.names(BLOCK):
            number = host.read(f"{BLOCK}/{name}/dev", optional=True)
            if number in numbers:
                used[name] = [f"mounted at {numbers[number]}"]
    for line in _lines(host, MOUNTS):
        words = line.split()
        name = words[0].rpartition("/")[2] if len(words) > 1 and words[0].startswith("/dev/") else ""
        if name and name not in used:
            used[name] = [f"mounted at {words[1]}"]
    for line in _lines(host, (SWAPS,))[1:]:
        used.setdefault(line.split()[0].rpartition("/")[2], []).append("swap space")
    return used


def _lines(host: HostRoot, paths: tuple[str, ...]) -> list[str]:
    path = next((path for path in paths if host.exists(path)), None)
    return (host.read(path) or "").splitlines() if path else []
