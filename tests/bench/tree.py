# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain copies of simulated hosts: they answer at the speed of memory, and show what is there as long as nobody
writes.
"""

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
    """The directories, links and files of a host below a temporary directory, in memory where that can be had."""
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
        # One that can only be written.
        return b""
