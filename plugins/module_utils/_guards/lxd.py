# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of LXD and Incus instances.

The daemons store instances in a database. A copy of the configuration is next to the disk of an instance, and is
readable while the storage pool is mounted. Pools of ZFS and LVM are only mounted for instances that run, and those of
the snap only for its own processes. Then the daemon is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .container_engines import as_mapping
from .lxd_daemon import Api
from .processes import Processes
from .referenced_devices import DEVICE, DRIVEN, FILE, GPU, INTERFACE, POOL, Guest, Reference


class _Daemon(NamedTuple):
    """A daemon: its directory, its process, its sockets, and the name of its client program in advice."""

    base: str
    process: str
    sockets: tuple[str, ...]
    program: str


LXD, SNAP, INCUS = "var/lib/lxd", "var/snap/lxd/common/lxd", "var/lib/incus"
SOCKET = "unix.socket"
DAEMONS = (
    _Daemon(LXD, "lxd", (f"{LXD}/{SOCKET}",), "lxc"),
    _Daemon(SNAP, "lxd", (f"{SNAP}/{SOCKET}",), "lxc"),
    _Daemon(INCUS, "incusd", (f"run/incus/{SOCKET}", f"{INCUS}/{SOCKET}"), "incus"),
)
CONTAINERS, VIRTUAL_MACHINES = "containers", "virtual-machines"
CONTAINER, DEFAULT_PROJECT, RUNNING = "container", "default", "Running"
# A network of the daemon, as a kind of references only here; the daemon has a directory for each of its bridges.
NETWORK, BRIDGES = "network", "networks"
DEVICES = lazy_pattern(r"( *)(?:expanded_)?devices:\s*\Z")
EVERY_GPU = (Reference(FILE, "/dev/dri"), Reference(GPU, "all"))
# Devices of snapshots are not those of the instance, which may have lost them since.
SNAPSHOTS = lazy_pattern(r"^snapshots:.*\n(?:[ -].*\n?)*", re.MULTILINE)
ENTRY = lazy_pattern(r"( *)([\w.-]+):\s*(.*?)\s*\Z")
# Keys of devices that the daemon has selected for an instance that runs or has run, and such a line of a copy.
KEY = r"volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid)"
CHOICE = lazy_pattern(rf"{KEY}\Z")
CHOSEN = lazy_pattern(rf"^[ \t]*{KEY}:\s*\"?([^\s\"]+)", re.MULTILINE)


def instances(host: HostRoot, processes: Processes) -> Iterator[Guest]:
    """Yield each instance, and one whose devices are unknown for those that cannot be read."""
    for daemon in DAEMONS:
        found, unread = _in_copies(host, daemon)
        hidden = _hidden_pools(host, daemon.base)
        api = Api(host, daemon.sockets)
        # The socket of a daemon that does not run starts it, as the client program does.
        if (unread or hidden) and (processes.named(daemon.process) or host.may_start_daemons and api.has_socket()):
            found += _asked(daemon, api, unread, hidden, {guest.name for guest in found})
        wanted = _networks(host, daemon, found)
        may_ask = bool(wanted) and (host.may_start_daemons or processes.named(daemon.process))
        interfaces = api.networks(wanted) if may_ask else {}
        for guest in found:
            networks = [interfaces.get(one.name) for one in guest.references if one.kind == NETWORK]
            own = [one for one in guest.references if one.kind != NETWORK]
            yield guest._replace(references=(*own, *filter(None, networks)))
        unknown = [name for name, interface in interfaces.items() if interface is None]
        if unknown:
            yield _unknown_networks(daemon, unknown, api.problem)


def _in_copies(host: HostRoot, daemon: _Daemon) -> tuple[list[Guest], dict[str, str]]:
    """Return the instances in copies, and the path of each unreadable copy by the name of its instance.

    The name of an instance begins with its project.
    """
    found, unread = [], {}
    for pool in host.names(f"{daemon.base}/storage-pools"):
        for kind in (CONTAINERS, VIRTUAL_MACHINES):
            directory = f"{daemon.base}/storage-pools/{pool}/{kind}"
            for name in host.names(directory):
                path = f"{directory}/{name}/backup.yaml"
                text = host.read(path, optional=True)
                if text is None:
                    unread[name] = path
                else:
                    running = host.exists(f"{daemon.base}/devices/{name}")
                    found.append(_guest(daemon, name, path, running, in_backup(text), kind == CONTAINERS))
    return found, unread


def _hidden_pools(host: HostRoot, base: str) -> list[str]:
    """Return the storage pools that are mounted only for the processes of the snap; each has directories otherwise."""
    pools = [f"{base}/storage-pools/{pool}" for pool in host.names(f"{base}/storage-pools")]
    return [pool for pool in pools if not host.names(pool)]


def _guest(
    daemon: _Daemon, name: str, path: str, running: bool, references: Iterator[Reference], container: bool
) -> Guest:
    # The name of an instance has no underscore, and follows that of its project.
    project, underscore, own = name.rpartition("_")
    option = f" --project {project}" if underscore else ""
    # Only the daemon writes the file.
    advice = f"remove the device with {daemon.program} config device remove {own} NAME{option}"
    advice = f"stop it with {daemon.program} stop {own}{option}, and {advice}" if running else advice
    # A container uses devices through the drivers of the host, even if it has whole functions.
    used = (one._replace(kind=DRIVEN) if container and one.kind == DEVICE else one for one in references)
    return Guest(name, path, running, tuple(used), advice)


def _asked(daemon: _Daemon, api: Api, unread: dict[str, str], hidden: list[str], known: set[str]) -> Iterator[Guest]:
    """Yield the instances that the daemon reports, and one whose devices are unknown if it does not report all."""
    for instance in api.instances():
        project, name = instance.get("project", DEFAULT_PROJECT), str(instance.get("name"))
        full_name = name if project == DEFAULT_PROJECT else f"{project}_{name}"
        path = unread.pop(full_name, None)
        if path is None and hidden and full_name not in known:
            path = hidden[0]
        if path and api.is_local(instance):
            running, container = instance.get("status") == RUNNING, instance.get("type") == CONTAINER
            yield _guest(daemon, full_name, path, running, in_answer(instance), container)
    names = [f"instance {name}" for name in unread]
    names += [f"instances in storage pool {path.rpartition('/')[2]}" for path in hidden if api.problem]
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        unknown = f"the devices of {names[0]}{more} are unknown, because the storage pool is not mounted"
        path = [*unread.values(), *hidden][0]
        advice = f"Read them with {daemon.program} config show --expanded"
        yield Guest(names[0], path, False, (), unknown=_with_reason(daemon, f"{unknown}, and", api.problem, advice))


def _networks(host: HostRoot, daemon: _Daemon, guests: Iterable[Guest]) -> list[str]:
    """Return the networks of instances except bridges. Most instances have a bridge."""
    names = {one.name for guest in guests for one in guest.references if one.kind == NETWORK}
    return sorted(name for name in names if not host.exists(f"{daemon.base}/{BRIDGES}/{name}"))


def _unknown_networks(daemon: _Daemon, names: Sequence[str], problem: str) -> Guest:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    unknown = f"the host interface of network {names[0]}{more} of instances is unknown, because"
    advice = f"Read it with {daemon.program} network show {names[0]}"
    return Guest(names[0], daemon.base, False, (), unknown=_with_reason(daemon, unknown, problem, advice))


def _with_reason(daemon: _Daemon, unknown: str, problem: str, advice: str) -> str:
    """Return why something is unknown, and what to do: the daemon has a problem, or just does not report it."""
    if problem:
        advice = f"Check the daemon with {daemon.program} info, or rename /{daemon.base} if it is no longer installed"
    return f"{unknown} {problem or 'the daemon does not report it'}. {advice}"


def in_answer(instance: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the devices in the answer of a daemon."""
    for key, value in as_mapping(instance.get("expanded_config")).items():
        if CHOICE.match(key) and value:
            yield Reference(DEVICE, str(value))
    for device in map(as_mapping, as_mapping(instance.get("expanded_devices")).values()):
        yield from _of_device({key: str(value) for key, value in device.items()})


def in_backup(text: str) -> Iterator[Reference]:
    """Yield the devices in a backup.yaml, whose format only the daemon writes."""
    text = SNAPSHOTS.sub("", text)
    yield from (Reference(DEVICE, name) for name in CHOSEN.findall(text))
    for device in _devices(text):
        yield from _of_device(device)


def _of_device(device: Mapping[str, str]) -> Iterator[Reference]:
    kind = device.get("type")
    if kind == "gpu":
        selected = device.get("pci")
        yield from [Reference(DEVICE, selected)] if selected else EVERY_GPU
    elif kind == "pci":
        yield Reference(DEVICE, device.get("address", ""))
    elif kind in ("nic", "infiniband") and device.get("parent"):
        nic = device.get("nictype")
        if nic in ("physical", "macvlan", "ipvlan", "sriov"):
            yield Reference(POOL if nic == "sriov" else INTERFACE, device["parent"])
    elif kind == "nic" and device.get("network"):
        yield Reference(NETWORK, device["network"])
    else:
        for path in (device.get("source", ""), device.get("path", "")):
            if path.startswith("/dev/"):
                yield Reference(FILE, path)


def _devices(text: str) -> Iterator[dict[str, str]]:
    """Yield the mappings below each key ``devices`` and ``expanded_devices``."""
    depth = -1
    device: dict[str, str] = {}
    for line in text.splitlines():
        begin, entry = DEVICES.match(line), ENTRY.match(line)
        if begin:
            depth = len(begin[1])
        elif entry and depth >= 0 and len(entry[1]) > depth:
            if not entry[3]:
                if device:
                    yield device
                device = {}
            else:
                device[entry[2]] = entry[3].strip("\"'")
        elif entry:
            depth = -1
    if device:
        yield device
