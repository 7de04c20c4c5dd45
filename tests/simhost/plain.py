# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as ordinary files: for programs that need a tree, and change nothing in it."""

from __future__ import annotations

import os
from pathlib import Path

from .host import SimHost
from .tree import Attribute, Directory, File, Link


def write(host: SimHost, top: Path) -> None:
    """Write the tree below a folder. Of a file that cannot be read now there is none."""
    for path, node in sorted(host.tree.nodes.items()):
        place = top / path
        if isinstance(node, Directory):
            place.mkdir(parents=True, exist_ok=True)
        elif isinstance(node, Link):
            inside = node.target.startswith("/") and node.target[1:] in host.tree.nodes
            place.symlink_to(os.path.relpath(top / node.target[1:], place.parent) if inside else node.target)
        elif isinstance(node, (Attribute, File)):
            try:
                place.write_bytes(node.content() if isinstance(node, Attribute) else node.data)
            except OSError:
                # What is written only, such as remove, is there and says nothing.
                place.write_bytes(b"")
            place.chmod(node.mode & 0o777 | 0o600)
