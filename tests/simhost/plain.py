# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a host as ordinary files, for programs that only read a tree."""

from __future__ import annotations

import os
from pathlib import Path

from .host import SimHost
from .tree import Attribute, Directory, File, Link


def write(host: SimHost, top: Path) -> None:
    """Write the tree below a directory; files that cannot be read now are omitted."""
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
                # Write-only files, such as remove, exist but are empty.
                place.write_bytes(b"")
            place.chmod(node.mode & 0o777 | 0o600)
