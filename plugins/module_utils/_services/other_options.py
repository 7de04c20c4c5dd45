# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the options that other files and the environment of a service set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import nova_names, oslo, started
from .files import Files

# A section, an option in it, and the file that sets the option. For an option of devices, also its value.
Option = Mapping[str, str]


def later_options(
    order: Sequence[str], texts: Mapping[str, str], path: str, found: started.Started, program: str
) -> list[Option]:
    """Return the options of the environment, and of all files that are read after ``path``."""
    if path not in order:
        return []
    after = order[order.index(path) + 1 :]
    # The last value of a file decides.
    options = [
        (later, *option, value)
        for later in after
        for option, value in {entry[:2]: entry[2] for entry in oslo.entries(texts[later])}.items()
    ]
    options += [(_named(one[0], program), *one[1:]) for one in oslo.of_environment(found.environment)]
    return [
        {"section": section, "option": name, "file": file, "value": _shown(section, name, value)}
        for file, section, name, value in options
    ]


def _shown(section: str, name: str, value: str) -> str:
    """Return the value of an option of devices; others may be secret."""
    return value if nova_names.is_of_devices(*nova_names.current(section, name)) else ""


def _named(variable: str, program: str) -> str:
    return f"the environment of {program} ({variable})"


def _newest(text: str) -> list[tuple[str, str, str]]:
    """Return the options of devices of a file with their newest names, in the order of their values in oslo.config.

    In a file, it reads an option with its newest name last, and those of [DEFAULT] first.
    """

    def rank(entry: tuple[str, str, str]) -> tuple[bool, bool]:
        return entry[:2] == nova_names.current(*entry[:2]), entry[0] != oslo.COMMON

    listed = [(*nova_names.current(*entry[:2]), entry[2]) for entry in sorted(oslo.entries(text), key=rank)]
    return [entry for entry in listed if nova_names.is_of_devices(*entry[:2])]


def of_files(order: Sequence[str], texts: Mapping[str, str], path: str) -> list[dict[str, object]]:
    """Return the options of devices in all other files, with their newest names and in reading order."""
    found = []
    for file in order:
        later = order.index(file) > order.index(path)
        for section, option, value in _newest(texts[file]) if file != path else ():
            where = {"file": file, "section": section, "option": option, "value": value.replace("$$", "$")}
            found.append({**where, "later": later, "replaced": False})
    return found


def of_environment(found: started.Started, program: str) -> list[dict[str, object]]:
    """Return the options of devices in the environment, which nova reads last."""
    named = {
        variable: {"file": _named(variable, program), "section": section, "option": option, "value": value}
        for variable, *name, value in oslo.of_environment(found.environment)
        for section, option in [nova_names.current(*name)]
    }
    return [
        {**one, "later": True, "replaced": False}
        for one in named.values()
        if nova_names.is_of_devices(one["section"], one["option"])
    ]


def of_container(
    order: Sequence[str], texts: Mapping[str, str], files: Files, content: str, present: str, merges: bool
) -> list[dict[str, object]]:
    """Return the options of devices that the container has, except those of ``content`` and of ``present``.

    A tool that ``merges`` files of which one will have ``content`` replaces all values of an option that ``content``
    also sets (merge_configs.py of kolla-ansible).
    """
    ours = {(*nova_names.current(*entry[:2]), entry[2]) for text in (content, present) for entry in oslo.entries(text)}
    replaced = {nova_names.current(*option) for option in oslo.options(content)}
    found = []
    for file in order:
        for section, option, value in _newest(texts[file]):
            if (section, option, value) not in ours:
                where = {"file": files.shown(file), "section": section, "option": option}
                where["value"] = value.replace("$$", "$")
                is_replaced = merges and (section, option) in replaced
                found.append({**where, "later": False, "replaced": is_replaced})
    return found
