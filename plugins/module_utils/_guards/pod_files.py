# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of pods in files of network plugins and of drivers for dynamic resource allocation.

The CNI library caches the result for each network. Multus stores the configuration of each network of a pod, and
sriov-cni the address of each function. Resource drivers write a file for each claim (Container Device Interface). Each
file is deleted with its pod.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._core import json_text
from .._core.grammar import PCI_ADDRESS
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .referenced_devices import DEVICE, DEVICE_FILE, FILE, INTERFACE, Reference

CACHES = ("var/lib/cni/results", "var/lib/cni/cache/results", "var/lib/cni/multus", "var/lib/cni/sriov")
# Files named after function addresses; each contains the path of the network namespace with the function.
FUNCTIONS = "var/lib/cni/sriov/pci"
CLAIMS = ("run/cdi", "etc/cdi")
CLAIM = lazy_pattern(r"claim.*\.(?:json|ya?ml)\Z")
BEGIN = lazy_pattern("\ufeff?\\s*[{[]")
# Plugins that give a pod an interface of the host, or one on top of it.
PLUGINS = ("macvlan", "ipvlan", "vlan", "host-device", "ipoib", "ib-sriov")
# Keys for addresses and interfaces in configurations of these plugins.
ADDRESSES, INTERFACES = ("deviceID", "pciBusID"), ("master", "device")


class Given(NamedTuple):
    """The devices of one pod, and the file that names them."""

    path: str
    references: tuple[Reference, ...]
    is_unknown: bool = False


def read(host: HostRoot) -> Iterator[Given]:
    """Yield the devices of each file."""
    for directory in CACHES:
        for name in host.names(directory):
            text = host.read(f"{directory}/{name}", optional=True) if name != "pci" else None
            if text:
                yield _of_configuration(f"{directory}/{name}", text)
    for name in host.names(FUNCTIONS):
        namespace = host.read(f"{FUNCTIONS}/{name}", optional=True) or ""
        # After a reboot, the file still exists without the namespace.
        if namespace.startswith("/") and host.exists(namespace.lstrip("/")):
            yield Given(f"{FUNCTIONS}/{name}", (Reference(DEVICE, name),))
    for directory in CLAIMS:
        for name in host.names(directory):
            text = host.read(f"{directory}/{name}", optional=True) if CLAIM.search(name) else None
            if text:
                named = (Reference(FILE, path) for path in dict.fromkeys(DEVICE_FILE.findall(text)))
                yield Given(f"{directory}/{name}", tuple(named))


def _of_configuration(path: str, text: str) -> Given:
    try:
        return Given(path, tuple(in_configuration(text)))
    except ValueError:
        # A power failure may have cut the file. Files of other kinds, such as locks, contain no object.
        return Given(path, (), is_unknown=BEGIN.match(text) is not None)


def in_configuration(text: str) -> list[Reference]:
    """Return the devices in the configuration of a network plugin; raise ``ValueError`` for other text."""
    try:
        return list(dict.fromkeys(_references(json_text.load(text))))
    except RecursionError as error:
        raise ValueError from error


def _references(part: Any) -> Iterator[Reference]:
    if isinstance(part, list):
        for one in part:
            yield from _references(one)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in ADDRESSES and isinstance(value, str) and PCI_ADDRESS.match(value.lower()):
                yield Reference(DEVICE, value.lower())
            elif key in INTERFACES and isinstance(value, str) and part.get("type") in PLUGINS:
                yield Reference(INTERFACE, value)
            elif key == "config" and isinstance(value, str):
                yield from _encoded(value)
            else:
                yield from _references(value)


def _encoded(text: str) -> Iterator[Reference]:
    """Parse the configuration that the CNI library caches in base64."""
    try:
        yield from _references(json_text.load(base64.b64decode(text).decode(errors="replace")))
    except (binascii.Error, ValueError):
        return
