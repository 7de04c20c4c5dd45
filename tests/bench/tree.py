# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write plain copies of simulated hosts, which respond at memory speed and are valid while nothing is written."""

from __future__ import annotations

import contextlib
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


def _content(node: Attribute | File) -> bytes:
    if isinstance(node, File):
        return node.data
    try:
        return node.content()
    except OSError:
        # The attribute is write-only.
        return b""
