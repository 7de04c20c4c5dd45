# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the tree of a recording: all recorded files at their paths, and the links to them."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple, Optional

from .._core.grammar import FUNCTION_IN_PATH
from .._host.files import Files
from .._host.recording import Notes
from . import kept_content
from .anonymize import Anonymizer

# Open files that do not identify a card.
DULL = re.compile(
    r"/dev/(?:null|zero|full|u?random|tty\w*|pts/.*|ptmx|console|kmsg|log|fuse|shm/.*|mqueue/?.*|autofs|rtc\d*|input/.*"
    r"|snd/.*|watchdog\d*|hpet|cpu_dma_latency|loop.*|mapper/.*|dm-\d+|sd[a-z]+\d*|vd[a-z]+\d*|nvme\d+n\d+.*"
    r"|hugepages.*|net/tun|kvm|initctl|rfkill|uinput|hwrng|mem|btrfs-control|userfaultfd|uhid|bus/usb/.*)?"
    r"(?: \(deleted\))?\Z"
)
DEVICE = re.compile(r"/dev/|/sys/\S*/resource\d|anon_inode:\[vfio-device\]\Z")
# A device file in a process with another root; other paths with this word may be directories of a user.
ELSEWHERE = re.compile(
    r"/.*(/dev/(?:nvidia[\w-]*(?:/[\w-]+)?|vfio/[\w/]+|dri/\w+|infiniband/\w+|accel/\w+|kfd|uio\d+|vhost-vdpa-\d+))"
    r"(?: \(deleted\))?\Z"
)
PROCESS = re.compile(r"proc/(\d+)(?=/|\Z)")
# Guards find these daemons by name.
DAEMONS = re.compile(r"libvirtd|virt\w+d|kubelet|lxd|incusd|kvm|qemu\S*")
# Files in homes of users, whose paths have the names of the users.
OF_USERS = re.compile(r"home(?:/|\Z)|root/|.*/\.(?:config|local)(?:/|\Z)")
# In these directories, only links to devices of cards matter.
OF_ALL_DEVICES = re.compile(r"sys/(?:dev/char|class/(?!net\Z|block\Z|iommu\Z|mdev_bus\Z|vfio)[^/]+)\Z")
# Maps path patterns to the kind of their name, which a user has chosen.
NAMED = (
    (re.compile(r"(.*/libvirt/qemu/networks/)([^/]+)(\.xml)\Z"), "network"),
    (re.compile(r"(.*/libvirt/qemu/|.*/nspawn/)([^/]+)(\.xml|\.nspawn)\Z"), "guest"),
    (
        re.compile(r"(run/systemd/machines/|var/.*/(?:containers|virtual-machines|devices)/)([^/]+)((?:/.*)?)\Z"),
        "guest",
    ),
    (re.compile(r"(var/.*/storage-pools/)([^/]+)((?:/.*)?)\Z"), "pool"),
    (
        re.compile(r"(sys/kernel/config/nvmet/subsystems/|sys/kernel/config/target/core/[^/]+/)([^/]+)((?:/.*)?)\Z"),
        "export",
    ),
    (re.compile(r"(proc/spl/kstat/zfs/)([^/]+)((?:/.*)?)\Z"), "pool"),
    (re.compile(r"(etc/pve/nodes/)([^/]+)((?:/.*)?)\Z"), "node"),
)
MOST_LINKS = 40


class Entry(NamedTuple):
    """An item of a directory: file, error, link, directory, number, mapped, claimed or unread."""

    kind: str
    value: str = ""


Tree = dict[str, dict[str, Entry]]  # by directory and name


def build(notes: Notes, files: Files, hide: Anonymizer) -> Tree:
    """Return the tree with identifiers replaced; ``files`` is used only for links and file types."""
    places = _Places(files)
    processes = _processes(notes)
    kept = sorted(_entries(notes, files, places, processes), key=lambda pair: pair[0])
    tree: Tree = {}
    for path, entry in [*places.links.items(), *kept]:
        value = entry.value
        if entry.kind == "file":
            content = kept_content.content(path, value, hide)
            if content is None:
                continue
            value = content
        elif entry.kind == "link":
            value = hide.text(value) if path.startswith("sys/") else hide.host(hide.text(value))
        directory, _slash, name = _place(path, hide).rpartition("/")
        there = tree.setdefault(directory, {})
        if entry.kind == "directory":
            tree.setdefault(f"{directory}/{name}" if directory else name, {})
        elif there.get(name, Entry("unread")).kind == "unread":
            there[name] = entry._replace(value=value)
    return {directory: _without_directories(directory, entries, tree) for directory, entries in tree.items()}


def _without_directories(directory: str, entries: dict[str, Entry], tree: Tree) -> dict[str, Entry]:
    """Omit directories whose files are in the tree."""
    above = f"{directory}/" if directory else ""
    return {name: entry for name, entry in entries.items() if entry.kind != "unread" or f"{above}{name}" not in tree}


def commands(notes: Notes, hide: Anonymizer) -> dict[str, tuple[int | None, str]]:
    """Map each command line, as a JSON list, to its status (None if it timed out) and the kept output."""
    found: dict[str, tuple[int | None, str]] = {}
    for command, output in sorted(notes.outputs.items()):
        text = kept_content.output(command, output.text, hide) if output else ""
        found[hide.text(json.dumps(command))] = (output.status if output else None, text)
    return found


def _place(path: str, hide: Anonymizer) -> str:
    for pattern, kind in NAMED:
        match = pattern.match(path)
        if match:
            name = hide.node(match[2]) if kind == "node" else hide.name(kind, match[2])
            path = f"{match[1]}{name}{match[3]}"
    return hide.text(path)


def _processes(notes: Notes) -> set[str]:
    """Return processes with an open device of a card, and daemons that guards search for."""
    found = {"1"}
    for path, target in notes.links.items():
        process = PROCESS.match(path)
        if process and "/fd/" in path and _device(target):
            found.add(process[1])
    for path, targets in notes.mapped.items():
        process = PROCESS.match(path)
        if process and any(map(_device, targets)):
            found.add(process[1])
    for path, content in notes.contents.items():
        process = PROCESS.match(path)
        if process and path.endswith("/comm") and isinstance(content, bytes):
            found.update([process[1]] if DAEMONS.match(content.decode(errors="replace").strip()) else [])
    return found


def _device(target: str) -> str | None:
    """Return the open device file of a process if it may belong to a card."""
    found = None if target.startswith(("/dev/", "/sys/")) else ELSEWHERE.match(target)
    if found:
        return found[1]
    return target if DEVICE.match(target) and not DULL.match(target) else None


def _entries(notes: Notes, files: Files, places: _Places, processes: set[str]) -> Iterator[tuple[str, Entry]]:
    def is_kept(path: str) -> bool:
        process = PROCESS.match(path)
        return not OF_USERS.match(path) and (process is None or process[1] in processes)

    for path, content in notes.contents.items():
        # The environment of the user who started this run is private.
        if is_kept(path) and not path.endswith("/environ"):
            value = content if isinstance(content, str) else content.decode(errors="surrogateescape").rstrip()
            yield places.of(path), Entry("error" if isinstance(content, str) else "file", value)
    for path, target in notes.links.items():
        if is_kept(path) and _is_told(path, target):
            opened = _device(target) if PROCESS.match(path) and "/fd/" in path else None
            yield places.of(path, last=False), Entry("link", opened or target)
    for path, targets in notes.mapped.items():
        devices = sorted({device for device in map(_device, targets) if device}) if is_kept(path) else []
        if devices:
            yield places.of(path), Entry("mapped", "\n".join(f"0-0 r--s 0 00:00 0 {target}" for target in devices))
    for path, number in notes.numbers.items():
        if is_kept(path) and not path.startswith("proc/"):
            yield places.of(path), Entry("number", number)
    for path in notes.claimed:
        yield places.of(path), Entry("claimed")
    for path in sorted([*notes.found, *notes.programs.values()]):
        if is_kept(path):
            place = places.of(path)
            yield place, Entry("directory" if _is_directory(files, place) else "unread")
    for path, names in notes.names.items():
        if is_kept(path):
            yield from _listing(path, places.of(path), names, notes)


def _listing(path: str, place: str, names: list[str] | str, notes: Notes) -> Iterator[tuple[str, Entry]]:
    if isinstance(names, str):
        yield place, Entry("error", names)
        return
    yield place, Entry("directory")
    # Names that no module has read may be private.
    for name in names if path.startswith("sys/") else ():
        target = notes.links.get(f"{path}/{name}")
        if target is None or _is_told(f"{path}/{name}", target):
            yield f"{place}/{name}", Entry("unread")


def _is_told(path: str, target: str) -> bool:
    directory = path.rpartition("/")[0]
    if not path.startswith(("sys/", "proc/", "dev/")):
        return False
    if OF_ALL_DEVICES.match(directory):
        return bool(FUNCTION_IN_PATH.search(target))
    return bool(_device(target)) if PROCESS.match(path) and directory.endswith("/fd") else True


def _is_directory(files: Files, path: str) -> bool:
    try:
        return stat.S_ISDIR(files.status(path)[0])
    except OSError:
        return False


class _Places:
    """Resolves links in paths. ``links`` contains all links that were followed."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._targets: dict[str, Optional[str]] = {}
        self.links: dict[str, Entry] = {}

    def of(self, path: str, last: bool = True) -> str:
        """Return the resolved path; ``last`` is whether the last component is resolved too."""
        waiting = path.split("/")[::-1]
        done: list[str] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done[:-1]
                continue
            here = "/".join([*done, part])
            target = self._target(here) if waiting or last else None
            links += target is not None
            if target is None or links > MOST_LINKS:
                done.append(part)
                continue
            self.links[here] = Entry("link", target)
            waiting += target.split("/")[::-1]
            done = [] if target.startswith("/") else done
        return "/".join(done)

    def _target(self, path: str) -> str | None:
        if path not in self._targets:
            try:
                # Links of processes, such as root and open files, are not resolved.
                target = None if PROCESS.match(path) else self._files.link(path)
            except OSError:
                target = None
            self._targets[path] = target
        return self._targets[path]
