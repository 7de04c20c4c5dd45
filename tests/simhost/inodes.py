# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers by which the kernel knows the files of a mount."""

from __future__ import annotations

import errno
import itertools
import os
from dataclasses import dataclass, field

from .fleet import Fleet
from .host import SimHost
from .kstrto import error
from .tree import NAME_BYTES, Directory, File, Node, is_kernel

ROOT = 1
CONTROL_DIRECTORY = ".simhost"
CONTROL_FILE = "control"
# how long the kernel may remember what never changes, in seconds
FIXED = 3600


class Inode:
    """A file that the kernel asked for. ``host`` is None for the mount's own files; ``path`` lies in the host."""

    __slots__ = ("host", "lookups", "node", "number", "path")

    def __init__(self, number: int, host: SimHost | None, path: str, node: Node) -> None:
        self.number = number
        self.host = host
        self.path = path
        self.node = node
        self.lookups = 0


@dataclass
class Handle:
    """An open file or directory; ``buffer`` is what a read at its start found."""

    inode: Inode
    buffer: bytes | None = None
    entries: list[tuple[str, int]] = field(default_factory=list)


class Inodes:
    """All inodes that the kernel knows."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self._numbers = itertools.count(ROOT)
        self._by_number: dict[int, Inode] = {}
        self._by_path: dict[tuple[str, str], Inode] = {}
        self._top = Directory()
        self._control = Directory(0o700)
        self._control.children[CONTROL_FILE] = File(permissions=0o600)
        self._host_directory = Directory()
        self.remember(self._inode(None, "", self._top))

    def get(self, number: int) -> Inode:
        """The inode with a number. Raises OSError ESTALE."""
        found = self._by_number.get(number)
        if found is None:
            raise error(errno.ESTALE)
        return found

    def child(self, parent: Inode, name: str) -> Inode:
        """The inode of a directory's entry. Raises OSError: ENOENT, or the fault that hits the path."""
        if parent.host is None:
            return self._child_of_mount(parent, name)
        if len(os.fsencode(name)) > NAME_BYTES:
            raise error(errno.ENAMETOOLONG)
        path = f"{parent.path}/{name}" if parent.path else name
        host = parent.host
        node = host.tree.nodes.get(path)
        if node is None:
            raise error(errno.ENOENT)
        if host.faults.active:
            host.faults.strike("exists", path)
        return self._inode(host, path, node)

    def children(self, inode: Inode) -> dict[str, Node]:
        """The entries of a directory now. Raises OSError: ENOENT, ENOTDIR, or a fault."""
        if inode.host is None and inode.node is self._top:
            hosts: dict[str, Node] = dict.fromkeys(self.fleet.profiles, self._host_directory)
            return {CONTROL_DIRECTORY: self._control, **hosts}
        node = inode.host.tree.nodes.get(inode.path) if inode.host else inode.node
        if node is None:
            raise error(errno.ENOENT)
        if not isinstance(node, Directory):
            raise error(errno.ENOTDIR)
        if inode.host is not None and inode.host.faults.active:
            inode.host.faults.strike("list", inode.path)
        return node.children

    def attribute_validity(self, inode: Inode) -> int:
        """For how many seconds mode and size are sure to stay: those of a kernel file never change."""
        return FIXED if inode.host is not None and is_kernel(inode.path) else 0

    def name_validity(self, inode: Inode) -> int:
        """For how many seconds a name is sure to stay: only directories that outlive every device."""
        parts = inode.path.split("/")
        if not isinstance(inode.node, Directory) or (inode.path and parts[0] != "sys"):
            return 0
        return FIXED if len(parts) <= (4 if parts[1:2] == ["bus"] else 3) else 0

    def remember(self, inode: Inode) -> None:
        """The kernel was told of the inode once more."""
        inode.lookups += 1
        self._by_number[inode.number] = inode

    def forget(self, number: int, lookups: int) -> None:
        """The kernel forgot so many of the times it was told."""
        inode = self._by_number.get(number)
        if inode is None or number == ROOT:
            return
        inode.lookups -= lookups
        if inode.lookups <= 0:
            del self._by_number[number]
            key = self._key(inode.host, inode.path)
            if self._by_path.get(key) is inode:
                del self._by_path[key]

    def moved(self, host: SimHost, old: str, new: str) -> None:
        """A file or directory of a host has a new path."""
        for inode in list(self._by_number.values()):
            if inode.host is host and (inode.path == old or inode.path.startswith(f"{old}/")):
                self._by_path.pop(self._key(host, inode.path), None)
                inode.path = f"{new}{inode.path[len(old) :]}"
                self._by_path[self._key(host, inode.path)] = inode

    def _child_of_mount(self, parent: Inode, name: str) -> Inode:
        if parent.node is self._control and name == CONTROL_FILE:
            return self._inode(None, CONTROL_FILE, self._control.children[CONTROL_FILE])
        if parent.node is self._top and name == CONTROL_DIRECTORY:
            return self._inode(None, CONTROL_DIRECTORY, self._control)
        host = self.fleet.host(name) if parent.node is self._top else None
        if host is None:
            raise error(errno.ENOENT)
        return self._inode(host, "", host.tree.nodes[""])

    def _inode(self, host: SimHost | None, path: str, node: Node) -> Inode:
        key = self._key(host, path)
        known = self._by_path.get(key)
        if known is not None and known.node is node:
            return known
        inode = self._by_path[key] = Inode(next(self._numbers), host, path, node)
        return inode

    @staticmethod
    def _key(host: SimHost | None, path: str) -> tuple[str, str]:
        return (host.name if host else "", path)
