# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Model which files oslo.config reads, in which order, and how it parses them (oslo_config/cfg.py, iniparser.py)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Callable, NamedTuple

from .._core.patterns import lazy_pattern

# Options that can occur several times; oslo.config uses all values.
SEVERAL = {("pci", name) for name in ("alias", "device_spec", "passthrough_whitelist")}
COMMON = "DEFAULT"
# Values of oslo_config/types.py, Boolean.
TRUE = ("true", "1", "on", "yes")
REFERENCE = lazy_pattern(r"\$(?:\$|\{(\w+)\}|(\w+))")
QUOTES = ("'", '"')
# Arguments with a source, and whether it is a directory.
ARGUMENTS = {"--config-file": False, "--config-dir": True}
# Variables of the environment with directories of default files.
HOME, SNAPS = "HOME", ("SNAP_COMMON", "SNAP")


class Source(NamedTuple):
    """A file of a service, or a directory with files."""

    path: str
    is_directory: bool


# In reading order.
Sources = tuple[Source, ...]
# Returns whether a path exists.
Exists = Callable[[str], bool]


def sources(
    project: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None, exists: Exists | None = None
) -> Sources:
    """Return the sources of a service, whose command line is ``arguments``; those of the command line are read last.

    Without ``exists``, the default sources are assumed in ``/etc/<project>``.
    """
    given = list(_given(arguments))
    program = arguments[0].rpartition("/")[2] if arguments else project
    found = []
    for suffix, is_directory in ((".conf", False), (".conf.d", True)):
        if all(one.is_directory != is_directory for one in given):
            for name in dict.fromkeys((project, program[:-3] if program.endswith(".py") else program)):
                place = _default(project, f"{name}{suffix}", environment or {}, exists)
                found.append(Source(place, is_directory))
    return (*found, *given)


def _default(project: str, name: str, environment: Mapping[str, str], exists: Exists | None) -> str:
    """Return the first existing path of a default source, as oslo.config searches it."""
    home = environment.get(HOME)
    places = [f"{home}/.{project}", home] if home else []
    places += [f"/etc/{project}", "/etc", *(f"{environment[one]}/etc/{project}" for one in SNAPS if one in environment)]
    paths = [f"{'' if place == '/' else place}/{name}" for place in places]
    usual = f"/etc/{project}/{name}"
    return usual if exists is None else next(filter(exists, paths), usual)


def reads(found: Sources, path: str) -> bool:
    directory, dummy, name = path.rpartition("/")
    in_directory = name.endswith(".conf") and name[0] != "."
    return Source(path, False) in found or in_directory and Source(directory, True) in found


def options(text: str) -> list[tuple[str, str]]:
    """Return section and name of each option in a file, like oslo.config."""
    return [entry[:2] for entry in entries(text)]


@functools.lru_cache(maxsize=64)
def entries(text: str) -> list[tuple[str, str, str]]:
    """Return section, name and value of each option in a file; an indented line continues the previous value.

    Names of sections are in lower case, because oslo.config ignores their case. It removes quotes around a value.
    Several checks read the same text, which may have thousands of lines of comments.
    """
    found: list[tuple[str, str, str]] = []
    section = COMMON
    for line in map(str.rstrip, text.splitlines()):
        if line.startswith("["):
            section = group(line[1:-1] if line.endswith("]") else line)
        elif line[:1] in (" ", "\t") and found:
            found[-1] = (*found[-1][:2], f"{found[-1][2]}\n{line.strip()}")
        elif line and line[0] not in "#;" and ("=" in line or ":" in line):
            name = min(line.partition("=")[0], line.partition(":")[0], key=len)
            found.append((section, name.strip(), _unquoted(line[len(name) + 1 :].strip())))
    return found


def _unquoted(value: str) -> str:
    return value[1:-1] if value.startswith(QUOTES) and value[0] == value[-1] else value


def error(text: str) -> str | None:
    """Return the first line that oslo.config cannot parse and the reason, or None; the service then does not start."""
    section, continues = "", False
    for number, line in enumerate(map(str.rstrip, text.splitlines()), 1):
        reason = None
        if line[:1] in (" ", "\t"):
            reason = None if continues else "it is indented, but continues no option"
        elif line.startswith("["):
            section, continues = line[1:-1], False
            reason = None if line.endswith("]") and section else "the name of a section ends with ]"
        elif not line or line[0] in "#;":
            continues = False
        else:
            continues = True
            name = min(line.partition("=")[0], line.partition(":")[0], key=len).strip()
            if "=" not in line and ":" not in line:
                reason = "it has no ="
            elif not name:
                reason = "it has no name before ="
            elif not section:
                reason = "it is before the first section"
        if reason:
            return f"line {number}: {reason}"
    return None


def is_same(value: str, other: str) -> bool:
    """Return whether two values, which may be lists or booleans, have the same meaning."""
    words, others = ([word.strip() for word in text.split(",")] for text in (value, other))
    return words == others or {words[0].lower(), others[0].lower()} <= set(TRUE)


def of_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield variable, section, name and value of each option in the environment, which replaces those of all files."""
    for variable, value in environment.items():
        section, separator, name = variable.partition("__")
        if separator and section.startswith("OS_"):
            yield variable, COMMON if section == f"OS_{COMMON}" else section[3:].lower(), name.lower(), value


def substituted(value: str, options: Mapping[str, str]) -> str:
    """Replace ``$name`` and ``${name}`` by options of [DEFAULT]; other names remain (oslo_config/cfg.py)."""
    return REFERENCE.sub(lambda match: "$" if match[0] == "$$" else options.get(match[1] or match[2], match[0]), value)


def common(texts: Iterable[str]) -> dict[str, str]:
    """Return the options of [DEFAULT] in the files of a service, in reading order."""
    return {entry[1]: entry[2] for text in texts for entry in entries(text) if entry[0] == COMMON}


def group(section: str) -> str:
    """Return the name of a section as oslo.config compares it (oslo_config/cfg.py, _normalize_group_name)."""
    return section if section == COMMON else section.lower()


def _given(arguments: Sequence[str]) -> Iterator[Source]:
    """Yield the sources of a command line."""
    for place, argument in enumerate(arguments):
        name, separator, value = argument.partition("=")
        path = value if separator else "".join(arguments[place + 1 : place + 2])
        if name in ARGUMENTS and path:
            yield Source(path.rstrip("/"), ARGUMENTS[name])
