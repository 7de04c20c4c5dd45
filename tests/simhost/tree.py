# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a simulated host: a flat index from host-relative paths to nodes.

Below ``sys``, ``proc`` and ``dev``, only the model creates nodes, and the rules of kernel files apply (fs/kernfs):
callers cannot create, remove or rename anything. Everywhere else, files are ordinary.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Optional

from .kstrto import error
from .operations import Lock, Steps

KERNEL_ROOTS = ("sys", "proc", "dev")
NAME_BYTES = 255
PATH_BYTES = 4096
LINK_DEPTH = 40
ATTRIBUTE_SIZE = 4096

Show = Callable[[], str]
Store = Callable[[bytes], Optional[Steps[None]]]


class Node:
    """Any node with a path; ``mode`` is its st_mode."""

    __slots__ = ("mode",)

    def __init__(self, mode: int) -> None:
        self.mode = mode


class Directory(Node):
    """A directory with its entries by name."""

    __slots__ = ("children",)

    def __init__(self, permissions: int = 0o755) -> None:
        super().__init__(stat.S_IFDIR | permissions)
        self.children: dict[str, Node] = {}


class Link(Node):
    """A symbolic link; ``target`` is its raw text."""

    __slots__ = ("target",)

    def __init__(self, target: str) -> None:
        super().__init__(stat.S_IFLNK | 0o777)
        self.target = target


class Attribute(Node):
    """A kernel file: constant bytes or a show function, a store function, and the lock of both."""

    __slots__ = ("show", "store", "lock")

    def __init__(self, show: bytes | Show | None = None, store: Store | None = None, lock: Lock | None = None) -> None:
        readable, writable = 0o444 if show is not None else 0, 0o200 if store is not None else 0
        super().__init__(stat.S_IFREG | readable | writable)
        self.show = show
        self.store = store
        self.lock = lock

    def content(self) -> bytes:
        """Return the current content. Raises OSError with the errno of the show function."""
        if isinstance(self.show, bytes):
            return self.show
        if self.show is None:
            raise error(errno.EACCES)
        return self.show().encode()


class CharacterDevice(Node):
    """A device node such as ``dev/vfio/12``, which cannot be opened in a simulated host (EACCES)."""

    __slots__ = ()

    def __init__(self, permissions: int = 0o600) -> None:
        super().__init__(stat.S_IFCHR | permissions)


class File(Node):
    """An ordinary file; ``changed`` is its modification time in seconds."""

    __slots__ = ("data", "changed")

    def __init__(self, data: bytes = b"", permissions: int = 0o644, changed: float = 0.0) -> None:
        super().__init__(stat.S_IFREG | permissions)
        self.data = data
        self.changed = changed

    def write(self, offset: int, data: bytes, now: float) -> None:
        """Replace bytes at an offset."""
        before = self.data[:offset].ljust(offset, b"\0")
        self.data = before + data + self.data[offset + len(data) :]
        self.changed = now

    def resize(self, size: int) -> None:
        """Truncate or extend the file."""
        self.data = self.data[:size].ljust(size, b"\0")

    def touch(self, changed: float) -> None:
        """Set the modification time."""
        self.changed = changed


def is_kernel(path: str) -> bool:
    """Return whether the rules of kernel files apply to a host-relative path, including the root itself."""
    root = path.partition("/")[0]
    return not root or root in KERNEL_ROOTS


def has_any_names(path: str) -> bool:
    """Return whether the file system has no limit for the length of names: sysfs returns ENOENT instead."""
    return path.partition("/")[0] == "sys"


def constant(value: object) -> Attribute:
    """Return a read-only attribute with a constant value and a newline."""
    return Attribute(f"{value}\n".encode())


def check_open(node: Node, writing: bool) -> None:
    """Raise the error of open(2): EISDIR, or EACCES if the mode forbids it even for root (kernfs_fop_open)."""
    if isinstance(node, Directory):
        raise error(errno.EISDIR)
    if isinstance(node, CharacterDevice):
        raise error(errno.EACCES)
    if isinstance(node, Attribute) and not node.mode & (0o200 if writing else 0o444):
        raise error(errno.EACCES)


class Tree:
    """The index. ``version`` increases with every created or removed entry."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {"": Directory()}
        self.version = 0

    def add(self, path: str, node: Node) -> None:
        """Create an entry and missing directories above it."""
        above, dummy, name = path.rpartition("/")
        parent = self.nodes.get(above)
        if parent is None:
            parent = self.directory(above)
        if not isinstance(parent, Directory):
            raise error(errno.ENOTDIR)
        parent.children[name] = node
        self.nodes[path] = node
        self.version += 1

    def directory(self, path: str) -> Directory:
        """Return the directory at a path; create it if it is missing."""
        node = self.nodes.get(path)
        if node is None:
            node = Directory()
            self.add(path, node)
        if not isinstance(node, Directory):
            raise error(errno.ENOTDIR)
        return node

    def link(self, path: str, destination: str) -> None:
        """Create a relative symbolic link at ``path`` to the host-relative path ``destination``."""
        here, there = path.split("/")[:-1], destination.split("/")
        common = 0
        while common < min(len(here), len(there) - 1) and here[common] == there[common]:
            common += 1
        self.add(path, Link("/".join([".."] * (len(here) - common) + there[common:])))

    def attributes(self, directory: str, entries: dict[str, Attribute]) -> None:
        """Create several files in one directory."""
        children = self.directory(directory).children
        children.update(entries)
        self.nodes.update((f"{directory}/{name}", node) for name, node in entries.items())
        self.version += 1

    def remove(self, path: str) -> None:
        """Remove an entry with everything below it; do nothing if it is missing."""
        node = self.nodes.pop(path, None)
        if node is None:
            return
        above, dummy, name = path.rpartition("/")
        parent = self.nodes.get(above)
        if isinstance(parent, Directory):
            parent.children.pop(name, None)
        self.version += 1
        if isinstance(node, Directory):
            for child in list(node.children):
                self.remove(f"{path}/{child}")

    def move(self, old: str, new: str) -> None:
        """Rename an entry with everything below it; replace the entry at the new path.

        Raises OSError: ENOTEMPTY if the new path is a directory with entries.
        """
        if self.names(new):
            raise error(errno.ENOTEMPTY)
        node = self.nodes[old]
        below = [path for path in self.nodes if path.startswith(f"{old}/")] if isinstance(node, Directory) else []
        moved = {f"{new}{path[len(old) :]}": self.nodes.pop(path) for path in below}
        above, dummy, name = old.rpartition("/")
        parent = self.nodes[above]
        assert isinstance(parent, Directory)
        del self.nodes[old], parent.children[name]
        self.add(new, node)
        self.nodes.update(moved)

    def names(self, path: str) -> list[str]:
        """Return the entries of a directory; empty if it does not exist."""
        node = self.nodes.get(path)
        return list(node.children) if isinstance(node, Directory) else []

    def resolve(self, path: str, follow: bool = True) -> tuple[str, Node]:
        """Return canonical path and node, following links like namei; the last component only if ``follow``.

        Raises OSError: ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG.
        """
        node = self.nodes.get(path)
        if node is not None and not (follow and isinstance(node, Link)):
            return path, node
        return self._walk(path, follow)

    def _walk(self, path: str, follow: bool) -> tuple[str, Node]:
        try:
            length = len(os.fsencode(path))
        except UnicodeEncodeError:
            raise error(errno.ENOENT) from None
        if "\0" in path:
            raise error(errno.ENOENT)
        if length >= PATH_BYTES:
            raise error(errno.ENAMETOOLONG)
        waiting = path.split("/")[::-1]
        here, node, links = "", self.nodes[""], 0
        while waiting:
            name = waiting.pop()
            if not isinstance(node, Directory):
                raise error(errno.ENOTDIR)
            if name in ("", "."):
                continue
            if name == "..":
                here = here.rpartition("/")[0]
                node = self.nodes[here]
                continue
            # Skip the count for short names: a character has at most four bytes.
            if 4 * len(name) > NAME_BYTES and len(os.fsencode(name)) > NAME_BYTES and not has_any_names(here):
                raise error(errno.ENAMETOOLONG)
            child = node.children.get(name)
            if child is None:
                raise error(errno.ENOENT)
            if isinstance(child, Link) and (waiting or follow):
                links += 1
                if links > LINK_DEPTH:
                    raise error(errno.ELOOP)
                if child.target.startswith("/"):
                    here, node = "", self.nodes[""]
                waiting.extend(child.target.split("/")[::-1])
                continue
            here, node = f"{here}/{name}" if here else name, child
        return here, node
