# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.
"""Find devices of containers that systemd starts from the files of Quadlet (podman-systemd.unit(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .._core.patterns import lazy_pattern
from .._core.text import decimal
from .._host.root import HostRoot
from . import home_directories
from .container_engines import CDI, EVERY_DEVICE, MOST_GPUS
from .referenced_devices import BY_PATH, DEVICE_FILE, FILE, GPU, Guest, Reference

# In the order of precedence.
OF_ROOT = ("run/containers/systemd", "etc/containers/systemd", "usr/share/containers/systemd")
# Directories below these, for units of other users.
USERS = "users"
SESSIONS, OF_SESSION, OF_HOME = "run/user", "containers/systemd", ".config/containers/systemd"
# Files of these kinds can name devices. Quadlet also reads them in subdirectories.
KINDS = (".container", ".pod", ".kube", ".volume")
OTHER_KINDS = (".network", ".image", ".build", ".artifact", ".conf")
DROP_INS = ".d"
MOST_LEVELS = 4
SETTING = lazy_pattern(r"^[ \t]*(?:AddDevice|Volume|Mount|PodmanArgs|Device)[ \t]*=[ \t]*(.*)$", re.MULTILINE)
CONTINUED = lazy_pattern(r"\\\n")
MANIFEST = lazy_pattern(r"^[ \t]*Yaml[ \t]*=[ \t]*(\S+)[ \t]*$", re.MULTILINE)
PRIVILEGED = "privileged"
# Also between the parts of Mount=type=bind,source=/dev/kfd,..., and before the path of a device that may be missing.
SEPARATOR = lazy_pattern(r"[\s=,\"]-?")
GPUS = lazy_pattern(r"--gpus[=\s]+['\"]*(device=)?([\w,-]+)")
IN_CDI = lazy_pattern(re.escape(CDI) + r"([\w-]+)")


class _Files(NamedTuple):
    """The units of one systemd manager."""

    units: dict[str, str]  # path by name
    drop_ins: dict[str, list[str]]  # paths by the name of their directory


def containers(host: HostRoot) -> list[Guest]:
    """Return each file of a container with the devices that it names."""
    of_root, of_users = _Files({}, {}), _Files({}, {})
    for directory in OF_ROOT:
        _collect(host, directory, of_root, (USERS,))
        _collect(host, f"{directory}/{USERS}", of_users)
    found = [*_guests(host, of_root), *_guests(host, of_users)]
    with home_directories.reading(host, "Quadlet files of users"):
        # A user whom only a directory service knows may have a session.
        places = [f"{SESSIONS}/{user}/{OF_SESSION}" for user in host.names(SESSIONS)]
        for place in (*places, *(f"{home}/{OF_HOME}" for home in home_directories.homes(host))):
            own = _Files({}, {})
            _collect(host, place, own)
            if own.units or own.drop_ins:
                drop_ins = {name: [*of_users.drop_ins.get(name, ()), *paths] for name, paths in own.drop_ins.items()}
                found += _guests(host, _Files({**of_users.units, **own.units}, {**of_users.drop_ins, **drop_ins}))
    return found


def _collect(host: HostRoot, directory: str, found: _Files, skipped: tuple[str, ...] = (), level: int = 1) -> None:
    for name in host.names(directory):
        path = f"{directory}/{name}"
        if name.endswith(KINDS):
            found.units.setdefault(name, path)
        elif name.endswith(DROP_INS):
            files = [f"{path}/{file}" for file in host.names(path) if file.endswith(".conf")]
            found.drop_ins.setdefault(name, []).extend(files)
        elif not name.endswith(OTHER_KINDS) and name not in skipped and level < MOST_LEVELS:
            _collect(host, path, found, level=level + 1)


def _guests(host: HostRoot, found: _Files) -> Iterator[Guest]:
    for name, path in found.units.items():
        drop_ins = [file for directory in drop_in_directories(name) for file in found.drop_ins.get(directory, ())]
        for file in (path, *drop_ins):
            text = CONTINUED.sub(" ", host.read(file, optional=True) or "")
            references = [*in_quadlet(text)]
            for manifest in MANIFEST.findall(text):
                place = manifest if manifest.startswith("/") else f"/{file.rpartition('/')[0]}/{manifest}"
                references += in_manifest(host.read(place[1:], optional=True) or "")
            yield Guest(name.rpartition(".")[0], file, False, tuple(references))


def drop_in_directories(unit: str) -> list[str]:
    """Return the names of the directories with settings for a unit, such as ``web-.container.d``."""
    name, dot, kind = unit.rpartition(".")
    template, at, _instance = name.partition("@")
    # "web-one" has also the settings for "web-", and each unit those for its kind.
    shorter = [name[: place + 1] for place, character in enumerate(name) if character == "-"]
    stems = [*shorter, *([template + at] if at else []), name]
    return [f"{stem}{dot}{kind}{DROP_INS}" for stem in stems] + [f"{kind}{DROP_INS}"]


def in_quadlet(text: str) -> Iterator[Reference]:
    """Yield the devices in a file of Quadlet."""
    for value in SETTING.findall(text):
        yield from in_arguments(value)


def in_arguments(text: str) -> Iterator[Reference]:
    """Yield the devices in arguments of ``podman run`` and ``docker run``."""
    yield from (Reference(GPU, name) for name in IN_CDI.findall(text))
    words = SEPARATOR.split(f"={text}")
    for word in words:
        if word.startswith(f"{EVERY_DEVICE.name}/"):
            yield Reference(FILE, word if BY_PATH.search(word) else word.partition(":")[0])
    if any(word.lstrip("-") == PRIVILEGED or word.partition(":")[0] == EVERY_DEVICE.name for word in words):
        yield EVERY_DEVICE
    for selected, names in GPUS.findall(text):
        number = decimal(names, most=MOST_GPUS)
        gpus = names.split(",") if selected else ["all"] if number is None else map(str, range(number))
        yield from (Reference(GPU, name) for name in gpus)


def in_manifest(text: str) -> Iterator[Reference]:
    """Yield the devices in a Kubernetes manifest, which Podman runs."""
    yield from (Reference(FILE, path.partition(":")[0]) for path in DEVICE_FILE.findall(text))
    yield from (Reference(GPU, name) for name in IN_CDI.findall(text))
