# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FUSE front: a directory with a simulated host per entry.

libfuse handles each call in its own thread, so a call that the model blocks waits there. Its caller cannot be killed
meanwhile, as in the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import itertools
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import control
from .fleet import Fleet
from .host import SimHost
from .kstrto import error
from .operations import Steps
from .tree import (
    ATTRIBUTE_SIZE,
    NAME_BYTES,
    Attribute,
    Directory,
    File,
    Link,
    Node,
    Tree,
    check_open,
    has_any_names,
    is_kernel,
)

# Without this, mfusepy prefers version 2 of libfuse.
os.environ.setdefault("FUSE_LIBRARY_NAME", "fuse3")
import mfusepy

# The number of calls that may block together; libfuse has a limit of 10 since 3.12, and none before.
THREADS = {"max_threads": 1000} if (mfusepy.fuse_version_major, mfusepy.fuse_version_minor) >= (3, 12) else {}
STAT_BYTES = ctypes.sizeof(mfusepy.c_stat)
# <linux/stat.h>: special values in place of nanoseconds.
UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2


def serve(fleet: Fleet, directory: Path) -> None:
    """Mount a fleet and serve it until it is unmounted. Raises RuntimeError; libfuse prints the reason on stderr."""
    # Disable timeouts and caches, so that changes of the model are visible immediately. The kernel keeps only names,
    # which saves a call for each directory of a path. It still asks for the attributes and content of a kept name, and
    # looks it up again before it creates a directory.
    caching = {"direct_io": True, "entry_timeout": 3600, "attr_timeout": 0, "negative_timeout": 0}
    names = {"fsname": "simhost", "subtype": "simhost"}
    Mount(Front(fleet), str(directory), foreground=True, **caching, **names, **THREADS)


class Mount(mfusepy.FUSE):  # type: ignore[misc]
    """Keeps Python's state of each thread of libfuse, which otherwise costs more than a call itself."""

    known = threading.local()

    def _wrapper(self, func: Callable[..., int], *arguments: Any) -> int:
        if not hasattr(self.known, "kept"):
            # Balanced by no PyGILState_Release, so that the state remains at the end of this call.
            ctypes.pythonapi.PyGILState_Ensure()
            self.known.kept = True
        return super()._wrapper(func, *arguments)  # type: ignore[no-any-return]

    def fgetattr(self, path: bytes, buffer: Any, information: Any) -> int:
        """Answer lookups and stat(), the most frequent calls, without the conversions of mfusepy."""
        ctypes.memmove(buffer, self.operations.getattr(path.decode(errors="surrogateescape")), STAT_BYTES)
        return 0


@functools.lru_cache(10_000)
def stat_of(mode: int, size: int, changed: float) -> bytes:
    """Return the bytes of a structure of stat()."""
    structure = mfusepy.c_stat()
    times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), int(changed * 1e9))
    owner = {"st_nlink": 1, "st_uid": os.getuid(), "st_gid": os.getgid()}
    mfusepy.set_st_attrs(structure, {"st_mode": mode, "st_size": size, **owner, **times}, use_ns=True)
    return bytes(structure)


@dataclass
class Place:
    """A file of a host, or of the mount itself (``host`` is None). ``buffer`` is the content at the start of a read."""

    host: SimHost | None
    path: str
    node: Node
    buffer: bytes | None = None

    def strike(self, operation: str) -> None:
        """Raise the OSError of the fault for a call, if there is one."""
        if self.host is not None and self.host.faults.active:
            self.host.faults.strike(operation, self.path)


class Front(mfusepy.Operations):  # type: ignore[misc]
    """Handles the calls of one mount by paths ``/<host>/<path in the host>``; raises the OSError for the caller."""

    use_ns = True

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.own = Tree()
        self.own.add(".simhost", Directory(0o700))
        self.own.add(".simhost/control", File(permissions=0o600))
        self.opened: dict[int, Place] = {}
        self.numbers = itertools.count(1)

    def getattr(self, path: str, fh: int | None = None) -> bytes:
        with self._at(path) as place:
            place.strike("exists")
            node = place.node
            if isinstance(node, File):
                return stat_of(node.mode, len(node.data), node.changed)
            size = ATTRIBUTE_SIZE if isinstance(node, Attribute) and place.path.startswith("sys/") else 0
            return stat_of(node.mode, size, 0)

    def readlink(self, path: str) -> str:
        with self._at(path) as place:
            if not isinstance(place.node, Link):
                raise error(errno.EINVAL)
            return place.node.target

    def readdir(self, path: str, fh: int) -> list[tuple[str, int, int]]:
        with self._at(path) as place:
            if not isinstance(place.node, Directory):
                raise error(errno.ENOTDIR)
            if place.host is not None and place.host.faults.active:
                self._run(place, place.host, "list", place.host.listing(place.path, place.node))
            children = [(name, child.mode, 0) for name, child in place.node.children.items()]
        hosts = [(name, stat.S_IFDIR, 0) for name in self.fleet.profiles] if path == "/" else []
        return [(".", stat.S_IFDIR, 0), ("..", stat.S_IFDIR, 0), *children, *hosts]

    def open(self, path: str, flags: int) -> int:
        with self._at(path) as place:
            mode = flags & os.O_ACCMODE
            if mode != os.O_WRONLY:
                check_open(place.node, writing=False)
            if mode != os.O_RDONLY:
                check_open(place.node, writing=True)
            if isinstance(place.node, File) and flags & os.O_TRUNC:
                place.node.resize(0)
            return self._open(place)

    def create(self, path: str, mode: int) -> int:
        with self._ordinary(path, errno.EACCES) as (host, inner):
            host.faults.strike("write", inner)
            node = File(permissions=stat.S_IMODE(mode), changed=host.clock.now())
            host.tree.add(inner, node)
            return self._open(Place(host, inner, node))

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        place = self.opened[fh]
        host, node = place.host, place.node
        if host is not None and isinstance(node, File) and not host.faults.active:
            return node.data[offset : offset + size]
        if host is not None and (not offset or place.buffer is None):
            place.buffer = self._run(place, host, "read", host.reading(place.path, node))
        return (place.buffer or b"")[offset : offset + size]

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        place = self.opened[fh]
        host, node = place.host, place.node
        if host is None:
            place.buffer = control.answer(self.fleet, data)
        elif isinstance(node, File):
            with host.operations.lock:
                place.strike("write")
                node.write(offset, data, host.clock.now())
        else:
            self._run(place, host, "write", host.writing(place.path, node, data))
        return len(data)

    def release(self, path: str, fh: int) -> int:
        place = self.opened.pop(fh)
        if place.host is None and self.fleet.stopped:
            mfusepy.fuse_exit()
        return 0

    def truncate(self, path: str, length: int) -> int:
        with self._at(path) as place:
            if isinstance(place.node, File):
                place.node.resize(length)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        with self._ordinary(path) as (host, inner):
            node = host.tree.nodes[inner]
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        """Ignore the owner, because everything belongs to the user who mounted."""
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        with self._at(path) as place:
            changed = times[1] if times else UTIME_NOW
            if isinstance(place.node, File) and place.host is not None and changed != UTIME_OMIT:
                place.node.touch(place.host.clock.now() if changed == UTIME_NOW else changed / 1e9)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        with self._ordinary(path) as (host, inner):
            host.tree.add(inner, Directory(stat.S_IMODE(mode)))
        return 0

    def symlink(self, target: str, source: str) -> int:
        with self._ordinary(target) as (host, inner):
            host.tree.add(inner, Link(source))
        return 0

    def unlink(self, path: str) -> int:
        with self._ordinary(path) as (host, inner):
            host.tree.remove(inner)
        return 0

    def rmdir(self, path: str) -> int:
        with self._ordinary(path) as (host, inner):
            if host.tree.names(inner):
                raise error(errno.ENOTEMPTY)
            host.tree.remove(inner)
        return 0

    def rename(self, old: str, new: str) -> int:
        if old.split("/", 2)[1] != new.split("/", 2)[1]:
            raise error(errno.EXDEV)
        with self._ordinary(old) as (host, old_inner), self._ordinary(new) as (host, new_inner):
            host.faults.strike("write", new_inner)
            host.tree.move(old_inner, new_inner)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        space = {"f_blocks": 1 << 20, "f_bfree": 1 << 19, "f_bavail": 1 << 19, "f_files": 1 << 20, "f_ffree": 1 << 19}
        return {"f_bsize": 4096, "f_frsize": 4096, "f_namemax": NAME_BYTES, **space}

    @contextmanager
    def _at(self, path: str) -> Iterator[Place]:
        """Return the place of a path while holding the lock of its host."""
        name = path.split("/", 2)[1]
        host = self.fleet.host(name)
        tree, inner = (host.tree, path[len(name) + 2 :]) if host is not None else (self.own, path[1:])
        with host.operations.lock if host is not None else nullcontext():
            node = tree.nodes.get(inner)
            if node is None:
                directory, dummy, last = inner.rpartition("/")
                too_long = len(os.fsencode(last)) > NAME_BYTES and not has_any_names(directory)
                raise error(errno.ENAMETOOLONG if too_long else errno.ENOENT)
            yield Place(host, inner, node)

    @contextmanager
    def _ordinary(self, path: str, refusal: int = errno.EPERM) -> Iterator[tuple[SimHost, str]]:
        """Return host and inner path of a file that callers may create or change; raise ``refusal`` for others."""
        name = path.split("/", 2)[1]
        host, inner = self.fleet.host(name), path[len(name) + 2 :]
        if host is None or is_kernel(inner):
            raise error(refusal)
        with host.operations.lock:
            yield host, inner

    def _open(self, place: Place) -> int:
        number = next(self.numbers)
        self.opened[number] = place
        return number

    def _run(self, place: Place, host: SimHost, call: str, steps: Steps[Any]) -> Any:
        with host.operations.lock:
            # An open file whose node was removed returns ENODEV (fs/kernfs/file.c).
            if isinstance(place.node, Attribute) and host.tree.nodes.get(place.path) is not place.node:
                raise error(errno.ENODEV)
            operation = host.operations.start(f"{call} {place.path}", steps)
            if self.fleet.stopped:
                host.operations.abort()
            while not operation.done:
                host.operations.ended.wait()
            return operation.result()
