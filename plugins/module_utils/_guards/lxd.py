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
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._core import json_text
from .._core.patterns import lazy_pattern
from .._host.root import HostError, HostRoot
from .container_engines import as_list, as_mapping
from .processes import Processes
from .referenced_devices import DEVICE, FILE, GPU, INTERFACE, POOL, Guest, Reference


class _Daemon(NamedTuple):
    """A daemon: its directory, its process, the programs that ask it, and the name of its program in advice."""

    base: str
    process: str
    programs: tuple[str, ...]
    name: str


DAEMONS = (
    _Daemon("var/lib/lxd", "lxd", ("lxc",), "lxc"),
    _Daemon("var/snap/lxd/common/lxd", "lxd", ("snap/bin/lxc", "lxc"), "lxc"),
    _Daemon("var/lib/incus", "incusd", ("incus",), "incus"),
)
KINDS = ("containers", "virtual-machines")
# Objects of the REST API of the local daemon.
INSTANCES = "local:/1.0/instances?recursion=1&all-projects=true"
NETWORKS = "local:/1.0/networks?recursion=1"
DEFAULT_PROJECT, RUNNING, NO_CLUSTER = "default", "Running", "none"
HOST_NAMES = ("etc/hostname", "proc/sys/kernel/hostname")
# A network of the daemon, as a kind of references only here; the daemon has a directory for each of its bridges.
NETWORK, BRIDGES = "network", "networks"
# The kind of the interface that a network of this type gives to instances.
OF_NETWORKS = {"sriov": POOL, "physical": INTERFACE, "macvlan": INTERFACE}
DEVICES = lazy_pattern(r"( *)(?:expanded_)?devices:\s*\Z")
EVERY_GPU = (Reference(FILE, "/dev/dri"), Reference(GPU, "all"))
# Devices of snapshots are not those of the instance, which may have lost them since.
SNAPSHOTS = lazy_pattern(r"^snapshots:.*\n(?:[ -].*\n?)*", re.MULTILINE)
ENTRY = lazy_pattern(r"( *)([\w.-]+):\s*(.*?)\s*\Z")
# Devices that the daemon has selected for an instance that runs or has run.
CHOSEN = lazy_pattern(
    r"^[ \t]*volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid):\s*\"?([^\s\"]+)", re.MULTILINE
)
CHOICE = lazy_pattern(r"volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid)\Z")


def instances(host: HostRoot, processes: Processes) -> Iterator[Guest]:
    """Yield each instance, and one whose devices are unknown for those that cannot be read."""
    for daemon in DAEMONS:
        unread: dict[str, str] = {}
        found: list[Guest] = []
        for path, name in _copies(host, daemon.base):
            text = host.read(path, optional=True)
            if text is None:
                unread[name] = path
            else:
                running = host.exists(f"{daemon.base}/devices/{name}")
                found.append(_guest(daemon, name, path, running, in_backup(text)))
        hidden = _hidden_pools(host, daemon.base)
        if (unread or hidden) and processes.named(daemon.process):
            found += _asked(host, daemon, unread, hidden, {guest.name for guest in found})
        wanted = {one.name for guest in found for one in guest.references if one.kind == NETWORK}
        # Most instances have a bridge.
        wanted = {name for name in wanted if not host.exists(f"{daemon.base}/{BRIDGES}/{name}")}
        networks = _networks(host, daemon) if wanted and processes.named(daemon.process) else {}
        for guest in found:
            own = [one for one in guest.references if one.kind != NETWORK]
            own += [networks[one.name] for one in guest.references if one.kind == NETWORK and one.name in networks]
            yield guest._replace(references=tuple(own))


def _copies(host: HostRoot, base: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each copy, and the name of its instance, which begins with its project."""
    for pool in host.names(f"{base}/storage-pools"):
        for kind in KINDS:
            directory = f"{base}/storage-pools/{pool}/{kind}"
            yield from ((f"{directory}/{name}/backup.yaml", name) for name in host.names(directory))


def _hidden_pools(host: HostRoot, base: str) -> list[str]:
    """Return the storage pools that are mounted only for the processes of the snap; each has directories otherwise."""
    pools = [f"{base}/storage-pools/{pool}" for pool in host.names(f"{base}/storage-pools")]
    return [pool for pool in pools if not host.names(pool)]


def _guest(daemon: _Daemon, name: str, path: str, running: bool, references: Iterator[Reference]) -> Guest:
    # The name of an instance has no underscore, and follows that of its project.
    project, underscore, own = name.rpartition("_")
    option = f" --project {project}" if underscore else ""
    # Only the daemon writes the file.
    advice = f"remove the device with {daemon.name} config device remove {own} NAME{option}"
    advice = f"stop it with {daemon.name} stop {own}{option}, and {advice}" if running else advice
    return Guest(name, path, running, tuple(references), advice)


def _asked(
    host: HostRoot, daemon: _Daemon, unread: dict[str, str], hidden: list[str], known: set[str]
) -> Iterator[Guest]:
    """Yield the instances that the daemon reports, and one whose devices are unknown if it does not report all."""
    answer, reason = _query(host, daemon, INSTANCES)
    for instance in map(as_mapping, answer):
        project, name = instance.get("project", DEFAULT_PROJECT), str(instance.get("name"))
        full_name = name if project == DEFAULT_PROJECT else f"{project}_{name}"
        path = unread.pop(full_name, None)
        if path is None and hidden and full_name not in known and _is_local(host, instance):
            path = hidden[0]
        if path:
            yield _guest(daemon, full_name, path, instance.get("status") == RUNNING, in_answer(instance))
    names = [f"instance {name}" for name in unread]
    names += [f"instances in storage pool {path.rpartition('/')[2]}" for path in hidden if reason]
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        unknown = f"the devices of {names[0]}{more} are unknown, because the storage pool is not mounted{reason}"
        path = [*unread.values(), *hidden][0]
        advice = f"Read them with {daemon.name} config show --expanded"
        yield Guest(names[0], path, False, (), unknown=f"{unknown}. {advice}")


def _is_local(host: HostRoot, instance: Mapping[str, Any]) -> bool:
    """Return whether an instance is on this member of a cluster, whose name is that of the host by default."""
    names = {(host.read(path, optional=True) or "").strip().partition(".")[0] for path in HOST_NAMES}
    return str(instance.get("location", NO_CLUSTER)).partition(".")[0] in {NO_CLUSTER, *names}


def _query(host: HostRoot, daemon: _Daemon, what: str) -> tuple[list[Any], str]:
    """Return the answer of a daemon, and why it is missing, or an empty text."""
    program = next((name for name in daemon.programs if host.has_program(name)), daemon.name)
    try:
        return as_list(json_text.load(host.run(program, ["query", what]))), ""
    except (HostError, ValueError) as error:
        return [], f", and the daemon does not answer: {error}"


def _networks(host: HostRoot, daemon: _Daemon) -> dict[str, Reference]:
    """Map the networks that give instances an interface of the host to this interface."""
    found = {}
    for network in map(as_mapping, _query(host, daemon, NETWORKS)[0]):
        kind, parent = OF_NETWORKS.get(str(network.get("type"))), as_mapping(network.get("config")).get("parent")
        if kind and parent:
            found[str(network.get("name"))] = Reference(kind, str(parent))
    return found


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
