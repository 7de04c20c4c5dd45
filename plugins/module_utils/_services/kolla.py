# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read what kolla-ansible has deployed for a container: its command, and the files that its next start copies."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Mapping
from typing import Any

from .._core import json_text
from .._host.root import HostRoot

DIRECTORY = "etc/kolla"
# The number of directories in the path of the directory of a program.
DEPTH = 3
# Where the container sees the directory of its program.
IN_CONTAINER = "/var/lib/kolla/config_files/"


def config(host: HostRoot, program: str) -> Mapping[str, Any]:
    """Return config.json of a program, empty if it is missing or invalid."""
    try:
        found = json_text.load(host.read(f"{DIRECTORY}/{program}/config.json", optional=True) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def command(host: HostRoot, program: str) -> list[str]:
    """Return the words of the command, empty if it is unknown."""
    try:
        return shlex.split(str(config(host, program).get("command") or ""))
    except ValueError:
        return []


def deployed(host: HostRoot, program: str) -> dict[str, str]:
    """Map the path of each file in the container to its source below the root of the host.

    A later entry replaces an earlier one. A target with a slash at its end is a directory (kolla's set_configs.py).
    """
    found: dict[str, str] = {}
    entries = config(host, program).get("config_files")
    for entry in entries if isinstance(entries, list) else []:
        words = entry if isinstance(entry, dict) else {}
        source, target = str(words.get("source") or ""), str(words.get("dest") or "")
        if not source.startswith(IN_CONTAINER) or not target:
            continue
        for place in _sources(host, f"{DIRECTORY}/{program}/{source[len(IN_CONTAINER) :]}"):
            path = target + place.rpartition("/")[2] if target.endswith("/") else target
            inner = host.names(place)
            found.update({f"{path}/{name}": f"{place}/{name}" for name in inner} if inner else {path: place})
    return found


def _sources(host: HostRoot, pattern: str) -> list[str]:
    """Return the existing files and directories of a source, whose name may be a pattern."""
    parent, dummy, name = pattern.rstrip("/").rpartition("/")
    return [f"{parent}/{one}" for one in host.names(parent) if fnmatch.fnmatchcase(one, name)]
