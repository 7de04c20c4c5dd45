# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the files with variables of systemd units. Their paths may contain specifiers such as %i, and patterns.

The instances of a template are unknown, so a specifier stands for any text (systemd.unit(5), systemd.exec(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot

ENVIRONMENT = lazy_pattern(r"^[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(/\S*[^\s/])[ \t]*$", re.MULTILINE)
SPECIFIER = lazy_pattern(r"%(.)")
# The instance, or the whole name of the unit.
INSTANCE = lazy_pattern(r"%[iInN]")
SPECIAL = lazy_pattern(r"[*?[]")
# A unit of a user may have a pattern for the whole file system.
MOST = 1000


def of_unit(host: HostRoot, unit: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each file, and the instance if its name is a part of the path, otherwise ``name``."""
    for given in ENVIRONMENT.findall(unit):
        places = [("", "")]
        for part in given[1:].split("/"):
            pattern = SPECIFIER.sub(lambda match: "%" if match[1] == "%" else "*", part)
            if not SPECIAL.search(pattern):
                places = [(f"{place}{pattern}/", instance) for place, instance in places]
                continue
            places = [
                (f"{place}{one}/", instance or _instance(part, one))
                for place, instance in places
                for one in host.names(place.rstrip("/"))
                if fnmatchcase(one, pattern)
            ]
            if len(places) > MOST:
                host.warn(f"{given} matches more than {MOST} files, and only the first ones are read", given[1:])
                places = places[:MOST]
        yield from ((place.rstrip("/"), instance or name) for place, instance in places)


def _instance(part: str, name: str) -> str:
    """Return the text for the instance in a part of a path, or the whole name; nothing for a part without it."""
    found = INSTANCE.search(part)
    if not found:
        return ""
    before, end = part[: found.start()], part[found.end() :]
    return name[len(before) : len(name) - len(end)] if name.startswith(before) and name.endswith(end) else name
