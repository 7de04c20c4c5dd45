# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read systemd units with their drop-ins: the command and the environment of a service (systemd.unit, systemd.exec)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot

PLACES = tuple(f"{place}/systemd/system" for place in ("etc", "run", "usr/local/lib", "usr/lib", "lib"))
# A link to it masks a unit or a drop-in.
NOTHING = "/dev/null"
SETTING = lazy_pattern(r"^[ \t]*(ExecStart|Environment|EnvironmentFile|User)[ \t]*=[ \t]*(.*)$", re.MULTILINE)
COMMENT = lazy_pattern(r"^[ \t]*[#;].*\n?", re.MULTILINE)
SPECIFIER = lazy_pattern(r"%([%nNpi])")
PREFIXES = "-@:+!|"
VARIABLE = lazy_pattern(r"\$\{(\w+)\}")
PASSWD_HOME = 5


class Unit(NamedTuple):
    """The last command of a unit, or None, and its environment."""

    command: list[str] | None
    environment: dict[str, str]


def read(host: HostRoot, unit: str) -> Unit | None:
    """Return a unit with its drop-ins; None without the unit."""
    name = unit if unit.endswith(".service") else f"{unit}.service"
    paths = _first(host, [(place, name) for place in PLACES])
    if not paths:
        return None
    text = "\n".join(host.read(path, optional=True) or "" for path in [*paths, *_drop_ins(host, name)])
    found: dict[str, list[str]] = {"ExecStart": [], "Environment": [], "EnvironmentFile": [], "User": []}
    # systemd removes comments before it joins lines.
    specifiers = _specifiers(name)
    for key, given in SETTING.findall(COMMENT.sub("", text).replace("\\\n", " ")):
        value = SPECIFIER.sub(lambda match: specifiers[match[1]], given)
        # An empty value removes all former ones.
        found[key] = [*found[key], value] if value.strip() else []
    environment = {**_home(host, found["User"]), **dict(_assignments(" ".join(found["Environment"])))}
    for path in found["EnvironmentFile"]:
        environment.update(_of_file(host.read(path.strip().lstrip("-/"), optional=True) or ""))
    commands = found["ExecStart"]
    return Unit(_words(commands[-1].lstrip(PREFIXES), environment) if commands else None, environment)


def _specifiers(name: str) -> dict[str, str]:
    """Return the specifiers of a unit that depend only on its name (systemd.unit(5))."""
    stem = name.removesuffix(".service")
    prefix, dummy, instance = stem.partition("@")
    return {"%": "%", "n": name, "N": stem, "p": prefix, "i": instance}


def _first(host: HostRoot, candidates: list[tuple[str, str]]) -> list[str]:
    """Return the path of the first existing file as a list, which is empty without one or if the file is masked."""
    for place, name in candidates:
        path = f"{place}/{name}"
        if host.link(path) == NOTHING:
            return []
        if host.exists(path):
            return [path]
    return []


def _drop_ins(host: HostRoot, name: str) -> list[str]:
    """Return the drop-ins of a unit by name; one of a former directory hides those with its name in later ones."""
    directories = [f"{place}/{one}.d" for one in (name, "service") for place in PLACES]
    listed = {part: directory for directory in reversed(directories) for part in host.names(directory)}
    found = [_first(host, [(listed[part], part)]) for part in sorted(listed) if part.endswith(".conf")]
    return [path for paths in found for path in paths]


def _home(host: HostRoot, users: list[str]) -> dict[str, str]:
    """Return the home of the user of the service as systemd sets it."""
    for line in (host.read("etc/passwd", optional=True) or "").splitlines() if users else ():
        words = line.split(":")
        if words[0] == users[-1].strip() and len(words) > PASSWD_HOME:
            return {"HOME": words[PASSWD_HOME]}
    return {}


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for word in _split(text):
        name, separator, value = word.partition("=")
        if separator:
            yield name, value


def _of_file(text: str) -> Iterator[tuple[str, str]]:
    for line in text.replace("\\\n", "").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and name[0:1] not in ("#", ";", ""):
            yield name.strip(), " ".join(_split(value))


def _words(command: str, environment: Mapping[str, str]) -> list[str] | None:
    """Return the words of a command with its variables; a variable that is a word of its own may be several words."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    found = []
    for word in words:
        if word.startswith("$") and word[1:].isidentifier():
            found += _split(environment.get(word[1:], ""))
        else:
            found.append(VARIABLE.sub(lambda match: environment.get(match[1], ""), word))
    return found


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
