# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find and read the settings files of a service, on the host or in its container."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .._host.root import HostRoot
from . import kolla, oslo
from .container import Container
from .started import Started


class Files(NamedTuple):
    """The files of the host, or of a container.

    ``top`` is the root directory of the files, or None if the container does not run. ``deployed`` maps files of the
    container to the files of the host that its next start copies.
    """

    host: HostRoot
    top: str | None
    deployed: Mapping[str, str] = MappingProxyType({})

    def names(self, directory: str) -> list[str]:
        place = self._place(directory)
        found = set() if place is None else set(self.host.names(place))
        copied = {path.rpartition("/")[2] for path in self.deployed if path.rpartition("/")[0] == directory}
        return sorted(found | copied)

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None if it is missing or unreadable."""
        place = self._of_mounted(self.deployed[path]) if path in self.deployed else self._place(path)
        return None if place is None else self.host.read(place, optional=True)

    def exists(self, path: str) -> bool:
        place = self._place(path)
        copied = any(f"{one}/".startswith(f"{path}/") for one in self.deployed)
        return copied or place is not None and self.host.exists(place)

    def text(self, path: str) -> str:
        return self.read(path) or ""

    def shown(self, path: str) -> str:
        """Return the path of a file for messages: its source on the host, if the container gets a copy."""
        return f"/{self.deployed[path]}" if path in self.deployed else path

    def _place(self, path: str) -> str | None:
        """Return the path of a file on the host, or None if it is not visible."""
        # The host follows its own links.
        return path.lstrip("/") if self.top == "" else Container(self.host, self.top, None).place(path)

    def _of_mounted(self, place: str) -> str | None:
        """Return the path of a file that kolla-ansible mounts, after the links that its container sees."""
        mounted = "/".join(place.split("/")[: kolla.DEPTH])
        inside = place[len(mounted) :].lstrip("/")
        return Container(self.host, self.top, mounted).place(f"{kolla.IN_CONTAINER}{inside}")


def of_service(host: HostRoot, found: Started, program: str) -> Files:
    """Return access to the files that the process of the service sees after its next start."""
    if not found.container:
        return Files(host, "")
    top = None if found.pid is None else f"proc/{found.pid}/root/"
    return Files(host, top, kolla.deployed(host, program) if found.kolla else {})


def sources_of(files: Files, project: str, found: Started, program: str, path: str = "") -> oslo.Sources:
    """Return the sources of a service in reading order, as if ``path`` existed."""

    def exists(place: str) -> bool:
        return f"{path}/".startswith(f"{place}/") or files.exists(place)

    return oslo.sources(project, found.arguments or (program,), found.environment, exists)


def order_of(files: Files, sources: oslo.Sources, path: str = "") -> list[str]:
    """Return all files in reading order, including ``path`` even if it does not exist."""
    found: list[str] = []
    for source in sources:
        names = {""}
        if source.is_directory:
            names = {name for name in files.names(source.path) if name.endswith(".conf") and name[:1] != "."}
            if path.rpartition("/")[0] == source.path:
                names.add(path.rpartition("/")[2])
        found += [f"{source.path}/{name}".rstrip("/") for name in sorted(names)]
    # The last of several reads decides.
    return list(reversed(dict.fromkeys(reversed(found))))
