# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices in the configuration of plain LXC containers (lxc.container.conf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .referenced_devices import DEVICE_FILE, FILE, INTERFACE, NUMBER, Guest, Reference

# The default; lxc.conf(5) can change it.
CONTAINERS = "var/lib/lxc"
SETTINGS = "etc/lxc/lxc.conf"
PATH = lazy_pattern(r"^[ \t]*lxc\.lxcpath\s*=\s*/(\S+?)/?\s*$", re.MULTILINE)
OPTION = lazy_pattern(r"^[ \t]*(lxc\.[\w.-]+)\s*=\s*(.*?)\s*$", re.MULTILINE)
# A file, or a directory with files *.conf.
INCLUDE, MOST_INCLUDES = "lxc.include", 4
# lxc.net.0.link, and lxc.network.link before LXC 3.0, where each type begins another interface.
OLD = "lxc.network"
LINK = lazy_pattern(r"(lxc\.net(?:work|\.\d+))\.(type|link)\Z")
# Without veth, whose link names a bridge.
TYPES = ("phys", "macvlan", "ipvlan", "vlan")
ALLOWED = lazy_pattern(r"lxc\.cgroup2?\.devices\.allow\Z")
DEVICE_NUMBER = lazy_pattern(r"([bc] \d{1,4}:(?:\d{1,7}|\*))(?:\s|\Z)")
# Control groups of running containers.
GROUPS = ("sys/fs/cgroup/lxc.payload.{}", "sys/fs/cgroup/lxc/{}", "sys/fs/cgroup/devices/lxc/{}")


def containers(host: HostRoot) -> Iterator[Guest]:
    path = PATH.search(host.read(SETTINGS, optional=True) or "")
    for directory in dict.fromkeys((CONTAINERS, path[1] if path else CONTAINERS)):
        for name in host.names(directory):
            file = f"{directory}/{name}/config"
            text = host.read(file, optional=True)
            if text is not None:
                running = any(host.exists(group.format(name)) for group in GROUPS)
                yield Guest(name, file, running, tuple(references(_options(host, text))))


def _options(host: HostRoot, text: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the options of a configuration and of the files and directories that it includes."""
    for key, value in OPTION.findall(text):
        yield key, value
        if key == INCLUDE and value.startswith("/") and depth < MOST_INCLUDES:
            names = [name for name in host.names(value[1:]) if name.endswith(".conf")]
            for path in [f"{value[1:]}/{name}" for name in names] or [value[1:]]:
                yield from _options(host, host.read(path, optional=True) or "", depth + 1)


def references(options: Iterable[tuple[str, str]]) -> Iterator[Reference]:
    """Yield the devices in the options of a container."""
    links: dict[str, str] = {}
    types: dict[str, str] = {}
    for key, value in options:
        link = LINK.match(key)
        number = DEVICE_NUMBER.match(value) if ALLOWED.match(key) else None
        if link and link[2] == "type":
            types[link[1]] = value
        elif link and link[1] == OLD:
            yield from _interface(value, types.get(OLD))
        elif link:
            links[link[1]] = value
        elif number:
            yield Reference(NUMBER, number[1])
        elif key == "lxc.mount.entry":
            yield from (Reference(FILE, path) for path in DEVICE_FILE.findall(value.partition(" ")[0]))
    for name, value in links.items():
        yield from _interface(value, types.get(name))


def _interface(link: str, kind: str | None) -> Iterator[Reference]:
    if kind is None or kind in TYPES:
        yield Reference(INTERFACE, link)
