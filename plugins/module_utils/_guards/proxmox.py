# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of Proxmox VE virtual machines and containers, running or not.

/etc/pve contains the configurations of all nodes of a cluster. Only guests of this node use cards of this host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .._model.uses import LOSES_DRIVER, Holder, Unseen, Use
from . import lxc
from .base import Scene
from .processes import Processes
from .referenced_devices import DEVICE, DEVICE_FILE, FILE, USB_DEVICE, Reference, in_command_line, subjects

NAME = "proxmox"

ROOT = "etc/pve"
MAPPINGS, USB_MAPPINGS = (f"{ROOT}/mapping/{bus}.cfg" for bus in ("pci", "usb"))
# The database behind /etc/pve, which exists even if its service is stopped.
DATABASE = "var/lib/pve-cluster/config.db"
VIRTUAL_MACHINE, CONTAINER = "qemu-server", "lxc"
CONFIGURATION = lazy_pattern(r"(\d{1,10})\.conf\Z")
OPTION = lazy_pattern(r"([\w.-]+):\s*(.*?)\s*\Z")
PASSED = lazy_pattern(r"hostpci(\d+)\Z")
# By vendor and product, or by bus and port.
USB_HOST = lazy_pattern(r"(?:\A|,)(?:host=)?([0-9a-fA-F]{4}:[0-9a-fA-F]{4}|\d+-\d+(?:\.\d+)*)(?=,|\Z)")
USB_MAPPING = lazy_pattern(r"(?:\A|,)mapping=([^,]+)")
# Sections of snapshots are ignored; pending changes take effect at the next start.
SECTION = lazy_pattern(r"\[(.*)\]\s*\Z")
PENDING = "PENDING"


class Guest(NamedTuple):
    """One guest of this node."""

    number: str
    kind: str
    name: str
    references: tuple[Reference, ...]  # devices that the guest has exclusively
    parents: tuple[Reference, ...]  # cards on which the guest has mediated devices


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for each device of each guest."""
    if not scene.configured:
        return
    node = _node(host)
    if not any(host.exists(f"{ROOT}/{name}") for name in ("nodes", VIRTUAL_MACHINE, CONTAINER)):
        if host.exists(DATABASE):
            yield Unseen(
                NAME,
                "the guests of Proxmox VE are unknown, because /etc/pve is not mounted: systemctl start pve-cluster",
            )
        return
    for guest in _guests(host, node):
        if not guest.references:
            continue
        running = _runs(host, scene.processes, guest)
        # Early at boot, no guest has started, and its devices must be restored before it does.
        if not (running or host.may_start_daemons):
            continue
        holder = Holder(None, None, guest.name, running)
        tool = "qm" if guest.kind == VIRTUAL_MACHINE else "pct"
        advice = (
            f"stop it with {tool} shutdown {guest.number}"
            if running
            else f"remove the device from guest {guest.number} with {tool} set, or destroy the guest"
        )
        for subject, effects in subjects(host, scene.functions, guest.references).items():
            yield Use(subject, NAME, effects, advice, holder)
        for subject in subjects(host, scene.functions, guest.parents):
            yield Use(subject, NAME, LOSES_DRIVER, advice, holder)


def _node(host: HostRoot) -> str:
    """Return the node name, which is the host name without its domain."""
    name = host.read("etc/hostname", optional=True) or host.read("proc/sys/kernel/hostname", optional=True) or ""
    return name.partition(".")[0].strip()


def _guests(host: HostRoot, node: str) -> Iterator[Guest]:
    mappings, usb_mappings = (
        _mappings(host.read(path, optional=True) or "", node) for path in (MAPPINGS, USB_MAPPINGS)
    )
    nodes = host.names(f"{ROOT}/nodes")
    # If no node has the name of this host, it may be any node.
    places = [f"nodes/{one}/" for one in nodes if one.lower() == node.lower() or node not in nodes]
    seen = set()
    for kind in (VIRTUAL_MACHINE, CONTAINER):
        for place in ("", *places):
            directory = f"{ROOT}/{place}{kind}"
            for name in host.names(directory):
                number = CONFIGURATION.match(name)
                text = host.read(f"{directory}/{name}") if number and (kind, number[1]) not in seen else None
                if number and text is not None:
                    seen.add((kind, number[1]))
                    yield parse(number[1], kind, text, mappings, usb_mappings)


def parse(
    number: str, kind: str, text: str, mappings: dict[str, list[str]], usb_mappings: dict[str, list[str]]
) -> Guest:
    """Parse the configuration of a guest; the mappings contain addresses, ports and USB ids by mapping name."""
    name = f"vm{number}" if kind == VIRTUAL_MACHINE else f"ct{number}"
    references: list[Reference] = []
    parents: list[Reference] = []
    for key, value in _options(text):
        passed = PASSED.match(key)
        if key in ("name", "hostname"):
            name = value
        elif key == "template" and value == "1":
            # A template is never started.
            return Guest(number, kind, name, (), ())
        elif passed:
            addresses, mediated = _passed(value, mappings)
            (parents if mediated else references).extend(Reference(DEVICE, address) for address in addresses)
            if mediated:
                references.append(Reference(DEVICE, mediated_device(int(number), int(passed[1]))))
        elif key == "args":
            references += in_command_line(value)
        elif re.match(r"(dev|scsi|virtio|sata|ide|mp)\d+\Z", key):
            references += [Reference(FILE, path) for path in DEVICE_FILE.findall(value)]
        elif re.match(r"usb\d+\Z", key):
            names = [name for mapping in USB_MAPPING.findall(value) for name in usb_mappings.get(mapping, ())]
            references += [Reference(USB_DEVICE, name.lower()) for name in (*names, *USB_HOST.findall(value))]
    references += lxc.references(_options(text))
    return Guest(number, kind, name, tuple(references), tuple(parents))


def mediated_device(number: int, index: int) -> str:
    """Return the UUID that PVE assigns to the mediated device of ``hostpci<index>``."""
    return f"{index:08d}-0000-0000-0000-{number:012d}"


def _options(text: str) -> Iterator[tuple[str, str]]:
    counts = True
    for line in text.splitlines():
        section = SECTION.match(line)
        option = OPTION.match(line)
        if section:
            counts = section[1].strip().upper() == PENDING
        elif option and counts:
            key, value = option.groups()
            # Container options have the form "key: value" in PVE and "key = value" in LXC.
            yield key, value.lstrip("= ")


def _passed(value: str, mappings: dict[str, list[str]]) -> tuple[list[str], bool]:
    """Return the addresses of one ``hostpci``, and whether the guest has mediated devices on them."""
    addresses: list[str] = []
    mediated = False
    for part in value.split(","):
        key, equals, given = part.strip().partition("=")
        if not equals or key == "host":
            # Some releases also allow the name of a mapping here.
            for one in (given if equals else key).split(";"):
                addresses += mappings.get(one.strip(), [one.strip()])
        elif key == "mapping":
            addresses += mappings.get(given, [])
        elif key == "mdev":
            mediated = True
    return addresses, mediated


def _mappings(text: str, node: str) -> dict[str, list[str]]:
    """Parse a file of mappings to addresses or USB devices of this node by mapping name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            name = line.strip().rstrip(":")
            found[name] = []
        elif name and line.strip().startswith("map "):
            parts = (part.partition("=") for part in line.strip()[len("map ") :].split(","))
            fields = {key.strip(): value.strip() for key, _equals, value in parts}
            if not node or fields.get("node", node).lower() == node.lower():
                # A USB device may be mapped by its port or by its id.
                found[name] += [one.strip() for one in (fields.get("path") or fields.get("id", "")).split(";")]
    return found


def _runs(host: HostRoot, processes: Processes, guest: Guest) -> bool:
    if guest.kind == CONTAINER:
        return host.exists(f"sys/fs/cgroup/lxc/{guest.number}")
    process = host.read(f"run/qemu-server/{guest.number}.pid", optional=True)
    if process:
        return host.exists(f"proc/{process}") if process.isdecimal() else False
    argument = f"\x00-id\x00{guest.number}\x00"
    return any(argument in processes.command_line(one) for one in processes.named("kvm", "qemu-system-x86"))
