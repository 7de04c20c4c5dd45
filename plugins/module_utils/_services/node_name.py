# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the name that libvirt gives to the host, which nova uses for its compute node (libvirt's virGetHostname)."""

from __future__ import annotations

from collections.abc import Iterator

from .._host.root import HostRoot

LOCAL = "localhost"
# The sources of host names in their order (nsswitch.conf).
SOURCES, FILES = "hosts:", "files"


def observe(host: HostRoot) -> dict[str, str | None]:
    """Return the name in the kernel, and that of libvirt; None for an unknown name."""
    name = host.read_line("proc/sys/kernel/hostname", optional=True) or None
    return {"host_name": name, "node_name": _of_libvirt(host, name)}


def _of_libvirt(host: HostRoot, name: str | None) -> str | None:
    """Return the name with the domain from /etc/hosts; None if only a name server may know the domain."""
    if name is None or name.startswith(LOCAL) or "." in name:
        return name
    if next(_words(host, "etc/nsswitch.conf", SOURCES), [SOURCES, FILES])[1:2] != [FILES]:
        return None
    found = next((words[1] for words in _words(host, "etc/hosts") if name in words[1:]), None)
    return name if found is not None and found.startswith(LOCAL) else found


def _words(host: HostRoot, path: str, first: str = "") -> Iterator[list[str]]:
    """Yield the words of each line without comments; with ``first``, only of lines that begin with it."""
    for line in (host.read(path, optional=True) or "").splitlines():
        words = line.partition("#")[0].split()
        if words and first in ("", words[0]):
            yield words
