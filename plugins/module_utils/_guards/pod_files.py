# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of pods in files of network plugins and of drivers for dynamic resource allocation.

The CNI library caches the result for each network. Multus stores the configuration of each network of a pod, and
sriov-cni the address of each function. Resource drivers write a file for each claim (Container Device Interface). Each
file is deleted with its pod, but a crash or reboot of the host leaves files. Then the network namespace of the pod is
missing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .._core import json_text
from .._core.grammar import PCI_ADDRESS
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .container_engines import as_list, as_mapping
from .referenced_devices import DEVICE, DEVICE_FILE, FILE, INTERFACE, Reference

CACHES = ("var/lib/cni/results", "var/lib/cni/cache/results", "var/lib/cni/multus", "var/lib/cni/sriov")
# Files named after function addresses; each contains the path of the network namespace with the function.
FUNCTIONS = "var/lib/cni/sriov/pci"
CLAIMS = ("run/cdi", "etc/cdi")
CLAIM = lazy_pattern(r"claim.*\.(?:json|ya?ml)\Z")
BEGIN = lazy_pattern("\ufeff?\\s*[{[]")
OF_PROCESS = lazy_pattern(r"proc/\d+(?=/)")
# Plugins that give a pod an interface of the host, or one on top of it.
PLUGINS = ("macvlan", "ipvlan", "vlan", "host-device", "ipoib", "ib-sriov")
# Keys for addresses and interfaces in configurations of these plugins.
ADDRESSES, INTERFACES = ("deviceID", "pciBusID"), ("master", "device")


class Given(NamedTuple):
    """The devices of one pod, and the file that names them."""

    path: str
    references: tuple[Reference, ...]
    is_unknown: bool = False


class _Cached(NamedTuple):
    """A file of a network plugin, with its JSON, and the container to which it belongs."""

    path: str
    text: str
    content: Any
    container: str


def read(host: HostRoot) -> Iterator[Given]:
    """Yield the devices of each file."""
    files = [_cached(path, text) for path, text in _texts(host)]
    gone = _gone(host, files)
    yield from (_of_configuration(file) for file in files if file.container not in gone)
    for name in host.names(FUNCTIONS):
        namespace = host.read(f"{FUNCTIONS}/{name}", optional=True) or ""
        # After a reboot, the file still exists without the namespace.
        if namespace.startswith("/") and _exists(host, namespace):
            yield Given(f"{FUNCTIONS}/{name}", (Reference(DEVICE, name),))
    for directory in CLAIMS:
        for name in host.names(directory):
            text = host.read(f"{directory}/{name}", optional=True) if CLAIM.search(name) else None
            if text:
                named = (Reference(FILE, path) for path in dict.fromkeys(DEVICE_FILE.findall(text)))
                yield Given(f"{directory}/{name}", tuple(named))


def _texts(host: HostRoot) -> Iterator[tuple[str, str]]:
    for directory in CACHES:
        for name in host.names(directory):
            text = host.read(f"{directory}/{name}", optional=True) if name != "pci" else None
            if text:
                yield f"{directory}/{name}", text


def _cached(path: str, text: str) -> _Cached:
    try:
        content = json_text.load(text)
    except ValueError:
        content = None
    number = as_mapping(content).get("containerId")
    # Multus and sriov-cni have it in the names of their files: ID or ID-net1.
    return _Cached(path, text, content, str(number or path.rpartition("/")[2].partition("-")[0]))


def _gone(host: HostRoot, files: Iterable[_Cached]) -> set[str]:
    """Return the containers whose results name namespaces, of which none exists."""
    named: dict[str, list[str]] = {}
    for file in files:
        named.setdefault(file.container, []).extend(_namespaces(file.content))
    return {one for one, found in named.items() if found and not any(_exists(host, path) for path in found)}


def _namespaces(content: Any) -> list[str]:
    """Return the paths of the network namespaces in a result."""
    interfaces = as_list(as_mapping(as_mapping(content).get("result")).get("interfaces"))
    found = [as_mapping(one).get("sandbox") for one in interfaces]
    return [one for one in found if isinstance(one, str) and one.startswith("/")]


def _exists(host: HostRoot, namespace: str) -> bool:
    """Return whether the path of a namespace exists; /var/run is a link to /run, maybe to that of another root."""
    path = namespace.lstrip("/")
    # The namespace of an existing process may be unreadable.
    process = OF_PROCESS.match(path)
    path = process[0] if process else path
    return host.exists(path) or path.startswith("var/run/") and host.exists(path[len("var/") :])


def _of_configuration(file: _Cached) -> Given:
    try:
        references = tuple(in_configuration(file.content)) if file.content is not None else None
    except RecursionError:
        references = None
    if references is None:
        # A power failure may have cut the file. Files of other kinds, such as locks, contain no object.
        return Given(file.path, (), is_unknown=BEGIN.match(file.text) is not None)
    return Given(file.path, references)


def in_configuration(content: Any) -> list[Reference]:
    """Return the devices in the configuration of a network plugin; raise ``RecursionError`` for nested lists."""
    return list(dict.fromkeys(_references(content)))


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
