# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Which files oslo.config reads, in which order, and which of them win (oslo_config/cfg.py, _parse_config_files)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Options that may be given several times; oslo.config takes all of them.
SEVERAL = {("pci", name) for name in ("alias", "device_spec", "passthrough_whitelist")}
COMMON = "DEFAULT"
# oslo_config/types.py, Boolean
TRUE = ("true", "1", "on", "yes")


class Sources(NamedTuple):
    """What a service reads: files and directories, each in the order of reading."""

    files: tuple[str, ...]
    directories: tuple[str, ...]
    # A command line is read in its order, and after the default directories.
    directories_first: bool


def sources(project: str, arguments: Sequence[str]) -> Sources:
    """What a service reads with these arguments, without its program."""
    files = _values(arguments, "--config-file")
    directories = _values(arguments, "--config-dir")
    program = arguments[0].rpartition("/")[2] if arguments else project
    names = [project, program] if program != project else [project]
    return Sources(
        files=tuple(files or [f"/etc/{project}/{name}.conf" for name in names]),
        directories=tuple(directories or [f"/etc/{project}/{name}.conf.d" for name in names]),
        directories_first=bool(files) and (not directories or _directory_first(arguments)),
    )


def reads(found: Sources, path: str) -> bool:
    """Whether a service with these sources reads a file."""
    directory, dummy, name = path.rpartition("/")
    return path in found.files or (directory in found.directories and name.endswith(".conf") and name[0] != ".")


def options(text: str) -> list[tuple[str, str]]:
    """The section and the name of each option in a file, as oslo.config reads it."""
    return [entry[:2] for entry in entries(text)]


def entries(text: str) -> list[tuple[str, str, str]]:
    """The section, the name and the value of each option in a file; a line that begins with a blank continues one.

    oslo.config takes the names of sections in any case, but for the one that holds for all others.
    """
    found: list[tuple[str, str, str]] = []
    section = COMMON
    for line in text.splitlines():
        if line.startswith("[") and "]" in line:
            section = group(line[1 : line.index("]")].strip())
        elif line[:1] in (" ", "\t") and line.strip() and found:
            found[-1] = (*found[-1][:2], f"{found[-1][2]}\n{line.strip()}")
        elif line and line[0] not in "#; \t" and ("=" in line or ":" in line):
            name = min(line.partition("=")[0], line.partition(":")[0], key=len)
            found.append((section, name.strip(), line[len(name) + 1 :].strip()))
    return found


def group(section: str) -> str:
    """The name of a section as oslo.config compares it (oslo_config/cfg.py, _normalize_group_name)."""
    return section if section == COMMON else section.lower()


def _directory_first(arguments: Sequence[str]) -> bool:
    return next(word for word in arguments if word.startswith("--config-")).startswith("--config-dir")


def _values(arguments: Sequence[str], option: str) -> list[str]:
    found = []
    for place, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            found.append(argument.partition("=")[2].rstrip("/"))
        elif argument == option and place + 1 < len(arguments):
            found.append(arguments[place + 1].rstrip("/"))
    return found
