# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that make, change and remove ordinary files; on kernel files they are refused (fs/kernfs)."""

from __future__ import annotations

import errno
import stat

from .host import SimHost
from .inodes import Inode, Inodes
from .kstrto import error
from .tree import Directory, File, Node, is_kernel


class FileCalls:
    """The calls that change a directory, or the data or mode of an ordinary file."""

    def __init__(self, inodes: Inodes) -> None:
        self.inodes = inodes

    def create(self, parent: Inode, name: str, mode: int) -> Inode:
        """An empty file. Raises OSError: EACCES below a kernel directory."""
        host, path = self._ordinary(parent, name, errno.EACCES)
        host.faults.strike("write", path)
        return self.make(parent, name, File(permissions=stat.S_IMODE(mode), changed=host.clock.now()))

    def make(self, parent: Inode, name: str, node: Node) -> Inode:
        """A directory, link or file. Raises OSError: EPERM below a kernel directory."""
        host, path = self._ordinary(parent, name)
        host.tree.add(path, node)
        return self.inodes.child(parent, name)

    def write(self, inode: Inode, offset: int, data: bytes) -> None:
        """Write into a file."""
        node, host = inode.node, inode.host
        assert isinstance(node, File)
        assert host is not None
        host.faults.strike("write", inode.path)
        content = node.data.ljust(offset, b"\0")
        node.data = content[:offset] + data + content[offset + len(data) :]
        node.changed = host.clock.now()

    def chmod(self, inode: Inode, mode: int) -> None:
        """Change the permissions of an ordinary file."""
        if inode.host is None or is_kernel(inode.path):
            raise error(errno.EPERM)
        inode.node.mode = stat.S_IFMT(inode.node.mode) | stat.S_IMODE(mode)

    def unlink(self, parent: Inode, name: str) -> None:
        """Remove a file or link."""
        host, path = self._ordinary(parent, name)
        host.tree.remove(path)

    def rmdir(self, parent: Inode, name: str) -> None:
        """Remove an empty directory."""
        host, path = self._ordinary(parent, name)
        if host.tree.names(path):
            raise error(errno.ENOTEMPTY)
        host.tree.remove(path)

    def rename(self, parent: Inode, name: str, new_parent: Inode, new_name: str) -> None:
        """Rename within one host."""
        host, old = self._ordinary(parent, name)
        other, new = self._ordinary(new_parent, new_name)
        if host is not other:
            raise error(errno.EXDEV)
        host.faults.strike("write", new)
        host.tree.move(old, new)
        self.inodes.moved(host, old, new)

    def _ordinary(self, parent: Inode, name: str, refusal: int = errno.EPERM) -> tuple[SimHost, str]:
        path = f"{parent.path}/{name}" if parent.path else name
        if parent.host is None or is_kernel(path) or not isinstance(parent.node, Directory):
            raise error(refusal)
        return parent.host, path
