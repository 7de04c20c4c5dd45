# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of containers, of guests without libvirt and of packet switches in their text files.

LXD and Incus store instances in a database. A copy of the configuration is next to the disk of an instance, and is
readable while the storage pool is mounted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .._core.patterns import lazy_pattern
from .._core.wording import shorten
from .._devices.sriov import is_vfio_driver
from .._host.root import HostRoot
from .._model.uses import Holder, Unseen, Use
from . import container_engines, containerd, home_directories, podman, podman_restart, quadlets, switch_ports, xen
from .base import Scene
from .lxc import containers
from .referenced_devices import DEVICE, FILE, GPU, INTERFACE, POOL, Guest, Reference, in_command_line, subjects

NAME = "containers"

NSPAWN = ("etc/systemd/nspawn", "run/systemd/nspawn", "var/lib/machines")
MACHINES = "run/systemd/machines"
SETTING = lazy_pattern(r"^[ \t]*(Bind|BindReadOnly|Interface|MACVLAN|IPVLAN)\s*=\s*(.*?)\s*$", re.MULTILINE)

UNITS = ("etc/systemd/system", "run/systemd/system", "etc/systemd/user")
UNITS_OF_USER = ".config/systemd/user"
# Matches web1.service, systemd-nspawn@web1.service and the directory systemd-nspawn@web1.service.d.
UNIT = lazy_pattern(r"([^/]+)\.service(\.d)?\Z")
NSPAWN_PROGRAM = "systemd-nspawn "
# A guest that is started without libvirt. Its devices are arguments of the program.
GUEST_PROGRAM = lazy_pattern(r"\b(?:qemu-system-\w+|qemu-kvm|kvm|cloud-hypervisor|crosvm)\s")
# It has arguments, unlike a program, module or group of this name that a script only installs, loads or names.
IN_SCRIPT = lazy_pattern(
    r"(?:^|(?<!/dev)[/\s=\"'])(?:(?:qemu-system-\w+|qemu-kvm|cloud-hypervisor)[ \t]+[-$\"']|kvm[ \t]+-"
    r"|crosvm[ \t]+run\s)|^[ \t]*(?:exec[ \t]+)?(?:/usr/bin/)?kvm[ \t]+[$\"']"
)
COMMAND = lazy_pattern(r"^[ \t]*Exec\w+[ \t]*=(.*)$", re.MULTILINE)
# Settings of a unit that may contain the address of a card; a description may name a card that is not used.
VALUES = lazy_pattern(r"^[ \t]*(?:Exec\w*|Environment)[ \t]*=(.*)$", re.MULTILINE)
FUNCTION = lazy_pattern(r"(?<![\w:.-])([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?![\w.])")
# A script of the administrator that a unit starts.
SCRIPT = lazy_pattern(
    r"^[ \t]*ExecStart\w*[ \t]*=[ \t]*[-@:+!]*(?:/\S*/env[ \t]+)?"
    r"(?:(?:/\S*/)?(?:ba|da)?sh[ \t]+(?:-\w+[ \t]+)*['\"]?(?:exec[ \t]+)?)?"
    r"(/(?:usr/local|opt|etc|root|srv|home)/[\w./@+-]+)",
    re.MULTILINE,
)
# A container that is created when the unit starts, and removed with it.
STARTED = lazy_pattern(r"^[ \t]*ExecStart\w*[ \t]*=(.*)$", re.MULTILINE)
ENGINE, CREATES = lazy_pattern(r"\b(?:docker|podman|nerdctl)\s"), lazy_pattern(r"\b(?:run|create)\s")
ARGUMENT = lazy_pattern(r"--(bind|bind-ro|network-interface|network-macvlan|network-ipvlan)[=\s]\s*\"?([^\s\"\\]+)")

# Directories with the device files of all cards for user-space drivers. Such cards have VFIO or one of these drivers.
ANY_CARD = ("/dev", "/dev/vfio")
UIO_DRIVERS = ("uio_pci_generic", "igb_uio")
SHOWN = 3

LXD = ("var/lib/lxd", "var/snap/lxd/common/lxd", "var/lib/incus")
DAEMONS = ("lxd", "incusd")
LXC, INCUS = "lxc", "incus"
KINDS = ("containers", "virtual-machines")
DEVICES = lazy_pattern(r"( *)(?:expanded_)?devices:\s*\Z")
EVERY_GPU = (Reference(FILE, "/dev/dri"), Reference(GPU, "all"))
# Devices of snapshots are not those of the instance, which may have lost them since.
SNAPSHOTS = lazy_pattern(r"^snapshots:.*\n(?:[ -].*\n?)*", re.MULTILINE)
ENTRY = lazy_pattern(r"( *)([\w.-]+):\s*(.*?)\s*\Z")
# Devices that the daemon has selected for an instance that runs or has run.
CHOSEN = lazy_pattern(
    r"^[ \t]*volatile\.\S+\.(?:last_state\.pci\.slot\.name|vgpu\.uuid):\s*\"?([^\s\"]+)", re.MULTILINE
)


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for each device of each container."""
    if not scene.configured:
        return
    unreadable: list[str] = []
    engines = (container_engines, containerd, podman, podman_restart, quadlets)
    of_engines = [guest for engine in engines for guest in engine.containers(host)]
    of_others = (*_instances(host, unreadable), *switch_ports.ports(host), *xen.guests(host))
    guests = (*_nspawn(host), *_of_units(host), *containers(host), *of_engines, *of_others)
    _warn_of_any(host, scene, guests)
    for guest in guests:
        if guest.unknown:
            yield Unseen(NAME, guest.unknown)
        # Early at boot, no guest has started, and its devices must be restored before it does.
        if guest.references and (guest.running or host.may_start_daemons):
            advice = guest.advice or (
                "stop it, and remove the device from its configuration"
                if guest.running
                else f"remove the device from /{guest.path}"
            )
            for subject, effects in subjects(host, scene.functions, guest.references).items():
                yield Use(subject, NAME, effects, advice, Holder(None, None, guest.name, guest.running))
    if unreadable and scene.processes.named(*DAEMONS):
        first, *others = unreadable
        more = f" and {len(others)} more" if others else ""
        yield Unseen(
            NAME,
            f"the devices of instance {first}{more} are unknown, because its storage pool is not mounted. Read them "
            "with lxc config show --expanded",
        )


def _warn_of_any(host: HostRoot, scene: Scene, guests: Iterable[Guest]) -> None:
    """Warn of containers that may use any card but name none, if a card to change is available to them.

    Such a container is like a process of root: it uses the cards that it has open, and others only later.
    """
    counting = [guest for guest in guests if guest.running or host.may_start_daemons]
    able = [guest.name for guest in counting if any(map(_is_any, guest.references))]
    functions = (scene.functions.get(address) for address in sorted(scene.asked))
    cards = [one.address for one in functions if one and (is_vfio_driver(one.driver) or one.driver in UIO_DRIVERS)]
    if able and cards:
        host.warn(
            f"any card is available to the containers {shorten(able, SHOWN)}, because they are privileged or have /dev "
            f"or /dev/vfio. Check that they do not use {shorten(cards, SHOWN)}: only devices that they have open are "
            "found"
        )


def _is_any(reference: Reference) -> bool:
    return reference.kind == FILE and reference.name.rstrip("/") in ANY_CARD


def _of_units(host: HostRoot) -> list[Guest]:
    """Return containers and guests whose unit, or a drop-in file of it, starts systemd-nspawn, QEMU or an engine."""
    found = [guest for directory in UNITS for guest in _in_units(host, directory)]
    with home_directories.reading(host, "systemd units of users"):
        for home in home_directories.homes(host):
            found += _in_units(host, f"{home}/{UNITS_OF_USER}")
    return found


def _in_units(host: HostRoot, directory: str) -> Iterator[Guest]:
    for name in host.names(directory):
        unit = UNIT.match(name)
        paths = [f"{directory}/{name}"]
        if unit and unit[2]:
            paths = [f"{paths[0]}/{file}" for file in host.names(paths[0]) if file.endswith(".conf")]
        for path in paths if unit else ():
            text = host.read(path, optional=True) or ""
            container = unit[1].partition("@")[2] or unit[1] if unit else ""
            if NSPAWN_PROGRAM in text:
                running = host.exists(f"{MACHINES}/{container}")
                yield Guest(container, path, running, tuple(in_arguments(text)))
            else:
                references = [*in_unit(text)]
                for script in dict.fromkeys(SCRIPT.findall(text)):
                    content = host.read_bytes(script[1:]) or b""
                    references += in_script(content.decode(errors="replace")) if b"\0" not in content[:1024] else ()
                if references:
                    # The process of a running guest is found with its open devices.
                    yield Guest(container, path, False, tuple(references))


def in_unit(text: str) -> Iterator[Reference]:
    """Yield the devices of guests and containers that a unit creates."""
    text = quadlets.CONTINUED.sub(" ", "\n".join(_lines(text, ("#", ";"))))
    if any(map(GUEST_PROGRAM.search, COMMAND.findall(text))):
        yield from in_command_line(text)
        yield from _addresses("\n".join(VALUES.findall(text)))
    else:
        yield from _in_commands(STARTED.findall(text))


def in_script(text: str) -> Iterator[Reference]:
    """Yield the devices of guests and containers that a script creates."""
    lines = _lines(quadlets.CONTINUED.sub(" ", text), ("#",))
    if any(map(IN_SCRIPT.search, lines)):
        text = "\n".join(lines)
        yield from in_command_line(text)
        yield from _addresses(text)
    else:
        yield from _in_commands(lines)


def _lines(text: str, comments: tuple[str, ...]) -> list[str]:
    """Return the lines without the comments."""
    return [line for line in text.splitlines() if not line.lstrip().startswith(comments)]


def _addresses(text: str) -> Iterator[Reference]:
    """Yield each address of a card, because a command may take it from a variable."""
    yield from (Reference(DEVICE, address) for address in FUNCTION.findall(text))


def _in_commands(commands: Iterable[str]) -> Iterator[Reference]:
    for command in commands:
        engine = ENGINE.search(command)
        arguments = command[engine.end() :] if engine else ""
        if CREATES.search(arguments):
            yield from quadlets.in_arguments(arguments)


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


def _nspawn(host: HostRoot) -> Iterator[Guest]:
    for directory in NSPAWN:
        for file in host.names(directory):
            if file.endswith(".nspawn"):
                name = file[: -len(".nspawn")]
                text = host.read(f"{directory}/{file}", optional=True) or ""
                running = host.exists(f"{MACHINES}/{name}")
                yield Guest(name, f"{directory}/{file}", running, tuple(in_nspawn(text)))


def in_nspawn(text: str) -> Iterator[Reference]:
    """Yield the devices in a .nspawn file (systemd.nspawn(5))."""
    for key, value in SETTING.findall(text):
        if key.startswith("Bind"):
            yield from _bound(value)
        else:
            yield from (Reference(INTERFACE, name.partition(":")[0]) for name in value.split())


def _instances(host: HostRoot, unreadable: list[str]) -> Iterator[Guest]:
    for base in LXD:
        for pool in host.names(f"{base}/storage-pools"):
            for kind in KINDS:
                directory = f"{base}/storage-pools/{pool}/{kind}"
                for name in host.names(directory):
                    path = f"{directory}/{name}/backup.yaml"
                    text = host.read(path, optional=True)
                    if text is None:
                        unreadable.append(name)
                    else:
                        running = host.exists(f"{base}/devices/{name}")
                        program = INCUS if base.endswith(INCUS) else LXC
                        # Only the daemon writes the file.
                        advice = f"remove the device with {program} config device remove {name} NAME"
                        advice = f"stop it with {program} stop {name}, and {advice}" if running else advice
                        yield Guest(name, path, running, tuple(in_backup(text)), advice)


def in_backup(text: str) -> Iterator[Reference]:
    """Yield the devices in a backup.yaml, whose format only the daemon writes."""
    text = SNAPSHOTS.sub("", text)
    yield from (Reference(DEVICE, name) for name in CHOSEN.findall(text))
    for device in _devices(text):
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
