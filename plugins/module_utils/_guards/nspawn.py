# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of systemd-nspawn containers in their settings, and in arguments of the program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .referenced_devices import FILE, INTERFACE, Guest, Reference

NSPAWN = ("etc/systemd/nspawn", "run/systemd/nspawn", "var/lib/machines")
MACHINES = "run/systemd/machines"
SETTING = lazy_pattern(r"^[ \t]*(Bind|BindReadOnly|Interface|MACVLAN|IPVLAN)\s*=\s*(.*?)\s*$", re.MULTILINE)
ARGUMENT = lazy_pattern(r"--(bind|bind-ro|network-interface|network-macvlan|network-ipvlan)[=\s]\s*\"?([^\s\"\\]+)")


def containers(host: HostRoot) -> Iterator[Guest]:
    """Yield each container that has a .nspawn file."""
    for directory in NSPAWN:
        for file in host.names(directory):
            if file.endswith(".nspawn"):
                name = file[: -len(".nspawn")]
                text = host.read(f"{directory}/{file}", optional=True) or ""
                running = host.exists(f"{MACHINES}/{name}")
                yield Guest(name, f"{directory}/{file}", running, tuple(in_nspawn(text)))


def in_arguments(text: str) -> Iterator[Reference]:
    """Yield the devices in arguments of systemd-nspawn (systemd-nspawn(1))."""
    for option, value in ARGUMENT.findall(text):
        if option.startswith("bind"):
            yield from _bound(value)
        else:
            yield Reference(INTERFACE, value.partition(":")[0])


def _bound(value: str) -> Iterator[Reference]:
    source = value.lstrip("+-").partition(":")[0]
    if source.startswith("/dev/"):
        yield Reference(FILE, source)


def in_nspawn(text: str) -> Iterator[Reference]:
    """Yield the devices in a .nspawn file (systemd.nspawn(5))."""
    for key, value in SETTING.findall(text):
        if key.startswith("Bind"):
            yield from _bound(value)
        else:
            yield from (Reference(INTERFACE, name.partition(":")[0]) for name in value.split())
