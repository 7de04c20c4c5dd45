# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write plain copies of simulated hosts, which respond at memory speed and are valid while nothing is written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.simhost import SimHost
from tests.simhost.tree import Attribute, Directory, File, Link

MEMORY = Path("/dev/shm")


@contextlib.contextmanager
def exported(host: SimHost) -> Iterator[Path]:
    """Write directories, links and files of a host to a temporary directory, in memory if possible."""
    with tempfile.TemporaryDirectory(prefix="vfio-bench-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        for path, node in host.tree.nodes.items():
            target = Path(directory, path)
            if isinstance(node, Directory):
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(node, Link):
                target.symlink_to(node.target)
            elif isinstance(node, (Attribute, File)):
                target.write_bytes(_content(node))
        yield Path(directory)


@contextlib.contextmanager
def copied(source: Path) -> Iterator[Path]:
    """Copy a mounted host to a temporary directory for its fleet, in memory if possible.

    A read takes some microseconds, as on a real kernel, instead of a third of a millisecond.
    """
    with tempfile.TemporaryDirectory(prefix="vfio-bench-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        target = Path(directory, source.parent.name, source.name)
        for place, directories, files in os.walk(source):
            here = target / Path(place).relative_to(source)
            here.mkdir(parents=True)
            for path in (Path(place, name) for name in (*directories, *files)):
                if path.is_symlink():
                    (here / path.name).symlink_to(path.readlink())
                elif path.is_file():
                    (here / path.name).write_bytes(_readable(path))
                    (here / path.name).chmod(path.stat().st_mode | 0o600)
        yield target


def _readable(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        # The attribute is write-only.
        return b""


def _content(node: Attribute | File) -> bytes:
    if isinstance(node, File):
        return node.data
    try:
        return node.content()
    except OSError:
        # The attribute is write-only.
        return b""
