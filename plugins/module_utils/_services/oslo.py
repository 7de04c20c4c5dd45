# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Model which files oslo.config reads, in which order (oslo_config/cfg.py, _parse_config_files)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Options that can occur several times; oslo.config uses all values.
SEVERAL = {("pci", name) for name in ("alias", "device_spec", "passthrough_whitelist")}
COMMON = "DEFAULT"
# Values of oslo_config/types.py, Boolean.
TRUE = ("true", "1", "on", "yes")


class Sources(NamedTuple):
    """The files and directories of a service, each in reading order."""

    files: tuple[str, ...]
    directories: tuple[str, ...]
    # Arguments are read in their order, and after default directories.
    directories_first: bool


def sources(project: str, arguments: Sequence[str]) -> Sources:
    """Return the sources of a service; ``arguments`` is its command line."""
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
    directory, dummy, name = path.rpartition("/")
    return path in found.files or (directory in found.directories and name.endswith(".conf") and name[0] != ".")


def options(text: str) -> list[tuple[str, str]]:
    """Return section and name of each option in a file, like oslo.config."""
    return [entry[:2] for entry in entries(text)]


def entries(text: str) -> list[tuple[str, str, str]]:
    """Return section, name and value of each option in a file; an indented line continues the previous value.

    Names of sections are in lower case, because oslo.config ignores their case.
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
    """Return the name of a section as oslo.config compares it (oslo_config/cfg.py, _normalize_group_name)."""
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
