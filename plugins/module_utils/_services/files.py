# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find and read the settings files of a service, on the host or in its container."""

from __future__ import annotations

from typing import NamedTuple

from .._host.root import HostRoot
from . import oslo
from .started import Started


class Files(NamedTuple):
    """The files of the host, or of a container with its root directory in ``top``."""

    host: HostRoot
    top: str

    def names(self, directory: str) -> list[str]:
        return self.host.names(f"{self.top}{directory.lstrip('/')}")

    def text(self, path: str) -> str:
        return self.host.read(f"{self.top}{path.lstrip('/')}", optional=True) or ""


def of_service(host: HostRoot, found: Started) -> Files:
    """Return access to the files that the process of the service sees."""
    return Files(host, f"proc/{found.pid}/root/" if found.container else "")


def order_of(files: Files, sources: oslo.Sources, path: str = "") -> list[str]:
    """Return all files in reading order, including ``path`` even if it does not exist."""
    of_directories = []
    for directory in sources.directories:
        names = {name for name in files.names(directory) if name.endswith(".conf") and name[:1] != "."}
        if path.rpartition("/")[0] == directory:
            names.add(path.rpartition("/")[2])
        of_directories += [f"{directory}/{name}" for name in sorted(names)]
    of_files = list(sources.files)
    return [*of_directories, *of_files] if sources.directories_first else [*of_files, *of_directories]
