# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.
"""Find devices of running Podman containers, of root and of other users.

Podman has a file for each container in the format of the OCI runtime specification, and a file in memory with its
process. Containers of other users than root have device files as mounts, because these users cannot create them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import container_engines, home_directories
from .container_engines import as_list, as_mapping
from .referenced_devices import FILE, NUMBER, Guest, Reference

RUNS = "run/containers/storage"
# Begins with the storage driver, such as overlay or btrfs (containers/storage, store.go).
CONTAINERS = "-containers"
SPECIFICATION = "userdata/config.json"
# A privileged container lists all device files of the host, and the guard kubernetes finds the devices of pods.
PRIVILEGED = "io.podman.annotations.privileged"
# CRI-O, which has the same directories, names the pod. Podman has other annotations that begin with io.kubernetes.
OF_PODS = "io.kubernetes.pod."
# Of other users. Without a login session, Podman uses a directory below /tmp.
STORE_OF_USER = ".local/share/containers/storage"
SESSIONS, WITHOUT_SESSION = "run/user", "tmp"
DIRECTORY = lazy_pattern(r"(?:containers-user|storage-run|podman-run)-\d+\Z")
RUNS_OF_USER = "containers"
# A mounted device file: its path below /dev of the host is the fourth word of a line.
MOUNTED = lazy_pattern(r"^\S+ \S+ \S+ (/\S*) \S+ .* - devtmpfs ", re.MULTILINE)
# Only root can open these, so they are mounted only in privileged containers, which get all device files of the host.
OF_PRIVILEGED = {"/dev/mem", "/dev/port", "/dev/snapshot", "/dev/cpu_dma_latency"}


def containers(host: HostRoot) -> Iterator[Guest]:
    """Yield each container that runs."""
    store = container_engines.store(host, *container_engines.PODMAN_STORE)
    for name, number, _process in _running(host, RUNS):
        path = f"{store}/{name}/{SPECIFICATION}"
        advice = f"stop it with podman stop {number[:12]}"
        settings, unknown = container_engines.read_settings(host, path, number[:12], advice)
        yield Guest(number[:12], path, True, tuple(in_specification(settings)), advice, unknown)
    places = [f"{SESSIONS}/{user}" for user in host.names(SESSIONS)]
    places += [f"{WITHOUT_SESSION}/{name}" for name in host.names(WITHOUT_SESSION) if DIRECTORY.match(name)]
    for place in places:
        for name, number, process in _running(host, f"{place}/{RUNS_OF_USER}"):
            yield _of_user(host, f"{place}/{RUNS_OF_USER}", name, number, process)


def _running(host: HostRoot, directory: str) -> Iterator[tuple[str, str, str]]:
    """Yield the directory of each running container below ``directory``, its number, and its process."""
    for above in host.names(directory):
        for number in host.names(f"{directory}/{above}") if above.endswith(CONTAINERS) else ():
            process = host.read(f"{directory}/{above}/{number}/userdata/pidfile", optional=True)
            if process and process.isdecimal() and host.exists(f"proc/{process}"):
                yield f"{above}/{number}", number, process


def _of_user(host: HostRoot, runs: str, name: str, number: str, process: str) -> Guest:
    path = f"{runs}/{name}"
    advice = f"stop it with podman stop {number[:12]} as its user"
    with host.collecting(quiet=True):
        for home in home_directories.homes(host):
            specification = f"{home}/{STORE_OF_USER}/{name}/{SPECIFICATION}"
            settings = as_mapping(host.read(specification, optional=True))
            if settings:
                return Guest(number[:12], specification, True, tuple(in_specification(settings)), advice)
    # The store may be elsewhere.
    mounts = host.read(f"proc/{process}/mountinfo", optional=True)
    if mounts is None:
        unknown = f"the devices of container {number[:12]}, process {process}, are unknown: /proc/{process}/mountinfo"
        return Guest(number[:12], path, True, (), advice, f"{unknown} is unreadable. Or {advice}")
    mounted = dict.fromkeys(f"/dev{name.rstrip('/')}" for name in MOUNTED.findall(mounts))
    references = [Reference(FILE, name) for name in mounted]
    if not OF_PRIVILEGED.isdisjoint(mounted):
        references = [container_engines.EVERY_DEVICE]
    return Guest(number[:12], path, True, tuple(references), advice)


def in_specification(settings: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the devices of a container in the format of the OCI runtime specification."""
    annotations = as_mapping(settings.get("annotations"))
    if any(name.startswith(OF_PODS) for name in annotations):
        return
    if annotations.get(PRIVILEGED) == "TRUE":
        yield container_engines.EVERY_DEVICE
        return
    for device in map(as_mapping, as_list(as_mapping(settings.get("linux")).get("devices"))):
        kind, major, minor = (device.get(key) for key in ("type", "major", "minor"))
        if kind in ("b", "c") and isinstance(major, int) and isinstance(minor, int):
            yield Reference(NUMBER, f"{kind} {major}:{minor}")
    mounts = map(as_mapping, as_list(settings.get("mounts")))
    yield from container_engines.bound(str(mount.get("source")) for mount in mounts)
