# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FUSE front: a directory with one simulated host per entry, served by one thread.

A call that the model blocks gets its answer when the operation is done, whoever ends it; until then the
caller waits, and cannot be killed, as in the kernel.
"""

from __future__ import annotations

import errno
import itertools
import os
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from . import control
from . import fuse_protocol as fuse
from .files import FileCalls
from .fleet import Fleet
from .fuse_protocol import Opcode
from .host import SimHost
from .inodes import Handle, Inode, Inodes
from .kstrto import error
from .operations import Operation, Steps
from .tree import ATTRIBUTE_SIZE, Attribute, Directory, File, Link, check_open

EMPTY = b""


class Server:
    """Answers the requests of one mount; ``device`` is the open FUSE file."""

    def __init__(self, fleet: Fleet, device: int) -> None:
        self.device = device
        self.fleet = fleet
        self.inodes = Inodes(fleet)
        self.files = FileCalls(self.inodes)
        self.handles: dict[int, Handle] = {}
        self.numbers = itertools.count(1)
        self.owner = (os.getuid(), os.getgid())
        self._calls: dict[int, Callable[[Inode, bytes, int], bytes | None]] = {
            Opcode.LOOKUP: self._lookup,
            Opcode.GETATTR: self._getattr,
            Opcode.SETATTR: self._setattr,
            Opcode.READLINK: self._readlink,
            Opcode.OPEN: self._open,
            Opcode.CREATE: self._create,
            Opcode.READ: self._read,
            Opcode.WRITE: self._write,
            Opcode.RELEASE: self._release,
            Opcode.OPENDIR: self._opendir,
            Opcode.READDIR: self._readdir,
            Opcode.RELEASEDIR: self._release,
            Opcode.STATFS: self._statfs,
            Opcode.MKDIR: self._mkdir,
            Opcode.SYMLINK: self._symlink,
            Opcode.UNLINK: self._unlink,
            Opcode.RMDIR: self._rmdir,
            Opcode.RENAME: partial(self._rename, fuse.RENAME_REQUEST.size),
            Opcode.RENAME2: partial(self._rename, fuse.RENAME2_REQUEST.size),
        }

    def serve(self) -> None:
        """Answer requests until the file system is unmounted."""
        buffer = bytearray(fuse.BUFFER_SIZE)
        while True:
            try:
                size = os.readv(self.device, [buffer])
            except OSError as problem:
                if problem.errno == errno.ENODEV:
                    return
                if problem.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                raise
            self._dispatch(bytes(memoryview(buffer)[:size]))

    def _dispatch(self, request: bytes) -> None:
        _, opcode, unique, number, *_ = fuse.REQUEST.unpack_from(request)
        body = request[fuse.REQUEST.size :]
        if opcode == Opcode.FORGET:
            self.inodes.forget(number, *fuse.FORGET_REQUEST.unpack_from(body))
        elif opcode == Opcode.BATCH_FORGET:
            count, _ = fuse.BATCH_FORGET_REQUEST.unpack_from(body)
            for one in range(count):
                offset = fuse.BATCH_FORGET_REQUEST.size + one * fuse.FORGET_ONE.size
                self.inodes.forget(*fuse.FORGET_ONE.unpack_from(body, offset))
        elif opcode == Opcode.INIT:
            self._reply(unique, fuse.init_reply(body))
        elif opcode == Opcode.DESTROY:
            self._reply(unique, EMPTY)
        elif opcode != Opcode.INTERRUPT:
            self._answer(opcode, unique, number, body)

    def _answer(self, opcode: int, unique: int, number: int, body: bytes) -> None:
        call = self._calls.get(opcode)
        if call is None:
            self._reply(unique, EMPTY, errno.ENOSYS)
            return
        try:
            inode = self.inodes.get(number)
            if inode.host is None:
                reply = call(inode, body, unique)
            else:
                with inode.host.operations.lock:
                    reply = call(inode, body, unique)
        except OSError as problem:
            self._reply(unique, EMPTY, problem.errno or errno.EIO)
        except Exception:
            # a defect of the model must be seen, and must not end the mount for all hosts
            traceback.print_exc()
            self._reply(unique, EMPTY, errno.EIO)
        else:
            if reply is not None:
                self._reply(unique, reply)

    def _reply(self, unique: int, payload: bytes, number: int = 0) -> None:
        try:
            os.write(self.device, fuse.REPLY.pack(fuse.REPLY.size + len(payload), -number, unique) + payload)
        except OSError as problem:
            # nobody waits for this answer any more
            if problem.errno not in (errno.ENOENT, errno.ENODEV, errno.EBADF):
                raise

    def _run(
        self, host: SimHost, name: str, unique: int, steps: Steps[Any], then: Callable[[Any], bytes]
    ) -> bytes | None:
        operation = host.operations.start(name, steps)
        if operation.done:
            return then(operation.result())
        operation.when_done = partial(self._late, unique, then)
        return None

    def _late(self, unique: int, then: Callable[[Any], bytes], operation: Operation) -> None:
        try:
            self._reply(unique, then(operation.result()))
        except OSError as problem:
            self._reply(unique, EMPTY, problem.errno or errno.EIO)

    def _attributes(self, inode: Inode) -> bytes:
        node, size, changed = inode.node, 0, 0.0
        if isinstance(node, File):
            size, changed = len(node.data), node.changed
        elif isinstance(node, Attribute) and inode.path.startswith("sys/"):
            size = ATTRIBUTE_SIZE
        return fuse.attributes(inode.number, node.mode, size, changed, self.owner)

    def _entry(self, inode: Inode) -> bytes:
        self.inodes.remember(inode)
        validity = self.inodes.name_validity(inode), self.inodes.attribute_validity(inode)
        return fuse.entry(inode.number, *validity, self._attributes(inode))

    def _lookup(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        return self._entry(self.inodes.child(inode, fuse.names(body)[0]))

    def _getattr(self, inode: Inode, _body: bytes, _unique: int) -> bytes:
        return fuse.ATTR_HEADER.pack(self.inodes.attribute_validity(inode), 0, 0) + self._attributes(inode)

    def _setattr(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        fields = fuse.SETATTR_REQUEST.unpack_from(body)
        valid, size, mode = fields[0], fields[3], fields[11]
        if valid & fuse.SetattrFlag.SIZE and isinstance(inode.node, File):
            inode.node.data = inode.node.data[:size].ljust(size, b"\0")
        if valid & fuse.SetattrFlag.MODE:
            self.files.chmod(inode, mode)
        return fuse.ATTR_HEADER.pack(0, 0, 0) + self._attributes(inode)

    def _readlink(self, inode: Inode, _body: bytes, _unique: int) -> bytes:
        if not isinstance(inode.node, Link):
            raise error(errno.EINVAL)
        return os.fsencode(inode.node.target)

    def _open(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        flags, _ = fuse.OPEN_REQUEST.unpack_from(body)
        mode, node = flags & os.O_ACCMODE, inode.node
        if mode != os.O_WRONLY:
            check_open(node, writing=False)
        if mode != os.O_RDONLY:
            check_open(node, writing=True)
        if isinstance(node, File) and flags & os.O_TRUNC:
            node.data = EMPTY
        return self._open_reply(Handle(inode))

    def _create(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        _, mode, _, _ = fuse.CREATE_REQUEST.unpack_from(body)
        created = self.files.create(inode, fuse.names(body[fuse.CREATE_REQUEST.size :])[0], mode)
        return self._entry(created) + self._open_reply(Handle(created))

    def _open_reply(self, handle: Handle) -> bytes:
        number = next(self.numbers)
        self.handles[number] = handle
        host = handle.inode.host
        flags = fuse.OpenFlag.NOFLUSH
        if not isinstance(handle.inode.node, File) or host is None or host.faults.active:
            flags |= fuse.OpenFlag.DIRECT_IO | fuse.OpenFlag.PARALLEL_DIRECT_WRITES
        return fuse.OPEN_REPLY.pack(number, flags, 0)

    def _read(self, inode: Inode, body: bytes, unique: int) -> bytes | None:
        number, offset, size, *_ = fuse.READ_REQUEST.unpack_from(body)
        handle, host, node = self.handles[number], inode.host, inode.node

        def keep(content: bytes) -> bytes:
            handle.buffer = content
            return content[offset : offset + size]

        if host is None or (offset and handle.buffer is not None):
            return handle.buffer[offset : offset + size] if handle.buffer else EMPTY
        if isinstance(node, File) and not host.faults.active:
            return node.data[offset : offset + size]
        self._check_alive(inode)
        return self._run(host, f"read {inode.path}", unique, host.reading(inode.path, node), keep)

    def _write(self, inode: Inode, body: bytes, unique: int) -> bytes | None:
        number, offset, size, *_ = fuse.WRITE_REQUEST.unpack_from(body)
        data = body[fuse.WRITE_REQUEST.size : fuse.WRITE_REQUEST.size + size]
        host, node, done = inode.host, inode.node, fuse.WRITE_REPLY.pack(size, 0)
        if host is None:
            self.handles[number].buffer = control.answer(self.fleet, data)
            return done
        if isinstance(node, File):
            self.files.write(inode, offset, data)
            return done
        self._check_alive(inode)
        return self._run(host, f"write {inode.path}", unique, host.writing(inode.path, node, data), lambda _: done)

    def _check_alive(self, inode: Inode) -> None:
        # fs/kernfs/file.c: an open file whose node was removed answers ENODEV
        if isinstance(inode.node, Attribute) and inode.host and inode.host.tree.nodes.get(inode.path) is not inode.node:
            raise error(errno.ENODEV)

    def _release(self, _inode: Inode, body: bytes, _unique: int) -> bytes:
        self.handles.pop(fuse.RELEASE_REQUEST.unpack_from(body)[0], None)
        return EMPTY

    def _opendir(self, inode: Inode, _body: bytes, _unique: int) -> bytes:
        number = next(self.numbers)
        entries: list[tuple[str, int]] = [(".", inode.node.mode), ("..", inode.node.mode)]
        entries += [(name, child.mode) for name, child in self.inodes.children(inode).items()]
        self.handles[number] = Handle(inode, entries=entries)
        return fuse.OPEN_REPLY.pack(number, 0, 0)

    def _readdir(self, _inode: Inode, body: bytes, _unique: int) -> bytes:
        number, offset, size, *_ = fuse.READ_REQUEST.unpack_from(body)
        return fuse.directory(self.handles[number].entries, offset, size)

    def _statfs(self, _inode: Inode, _body: bytes, _unique: int) -> bytes:
        return fuse.STATFS_REPLY.pack(1 << 20, 1 << 19, 1 << 19, 1 << 20, 1 << 19, 4096, 255, 4096, 0)

    def _mkdir(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        mode, _ = fuse.MKDIR_REQUEST.unpack_from(body)
        name = fuse.names(body[fuse.MKDIR_REQUEST.size :])[0]
        return self._entry(self.files.make(inode, name, Directory(mode & 0o7777)))

    def _symlink(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        name, target = fuse.names(body)
        return self._entry(self.files.make(inode, name, Link(target)))

    def _unlink(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        self.files.unlink(inode, fuse.names(body)[0])
        return EMPTY

    def _rmdir(self, inode: Inode, body: bytes, _unique: int) -> bytes:
        self.files.rmdir(inode, fuse.names(body)[0])
        return EMPTY

    def _rename(self, header: int, inode: Inode, body: bytes, _unique: int) -> bytes:
        (directory,) = fuse.RENAME_REQUEST.unpack_from(body)
        old, new = fuse.names(body[header:])
        self.files.rename(inode, old, self.inodes.get(directory), new)
        return EMPTY
