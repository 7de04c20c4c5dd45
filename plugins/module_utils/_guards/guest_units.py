# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of containers, and of guests without libvirt, in systemd units and in the scripts that units start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import environment_files, home_directories, nspawn, quadlets
from .referenced_devices import DEVICE, Guest, Reference, in_command_line

UNITS = ("etc/systemd/system", "run/systemd/system", "etc/systemd/user")
UNITS_OF_USER = ".config/systemd/user"
# Scripts of the administrator that the system starts at boot.
BOOT_SCRIPTS = ("etc/rc.local", "etc/rc.d/rc.local")
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


def guests(host: HostRoot) -> list[Guest]:
    """Return containers and guests whose unit, or a drop-in file of it, starts systemd-nspawn, QEMU or an engine."""
    found = [guest for directory in UNITS for guest in _in_units(host, directory)]
    for script in BOOT_SCRIPTS:
        references = _in_file(host, script)
        found += [Guest("rc.local", script, False, tuple(references))] if references else []
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
                running = host.exists(f"{nspawn.MACHINES}/{container}")
                yield Guest(container, path, running, tuple(nspawn.in_arguments(text)))
            else:
                references = [*in_unit(text)]
                for script in dict.fromkeys(SCRIPT.findall(text)):
                    references += _in_file(host, script[1:])
                if references:
                    # The process of a running guest is found with its open devices.
                    yield Guest(container, path, False, tuple(references))
                yield from _of_environments(host, container, text)


def _in_file(host: HostRoot, script: str) -> list[Reference]:
    content = host.read_bytes(script) or b""
    return [] if b"\0" in content[:1024] else [*in_script(content.decode(errors="replace"))]


def _of_environments(host: HostRoot, name: str, unit: str) -> Iterator[Guest]:
    """Yield the guests and containers whose arguments are in files with variables, such as /etc/conf.d/qemu.d/%i."""
    if any(map(GUEST_PROGRAM.search, COMMAND.findall(unit))):
        read = _in_lines_of_guest
    elif any(ENGINE.search(command) and CREATES.search(command) for command in STARTED.findall(unit)):
        read = _in_variables_of_container
    else:
        # The files of applications are not read.
        return
    for path, instance in environment_files.of_unit(host, unit, name):
        references = tuple(read(_lines(host.read(path, optional=True) or "", ("#", ";"))))
        if references:
            yield Guest(instance, path, False, references)


def _in_lines_of_guest(lines: list[str]) -> Iterator[Reference]:
    text = "\n".join(lines)
    yield from in_command_line(text)
    yield from _addresses(text)


def _in_variables_of_container(lines: list[str]) -> Iterator[Reference]:
    for line in lines:
        yield from quadlets.in_arguments(line)


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
        yield from _in_lines_of_guest(lines)
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
