# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Write and read configuration files of oslo.config."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping, Sequence

from ansible_collections.vfio.devices.plugins.module_utils._host import ownership

# An option with its value.
Option = tuple[str, str]
Sections = Mapping[str, Sequence[Option]]
# Valid names of sections and items of lists.
WORD = re.compile(r"[A-Za-z0-9_.:+-]+\Z")


def text(part: str, sections: Sections) -> str:
    """Return a file of a ``part`` of the collection, such as ``nova_config``; empty without options.

    ``sections`` maps names to lists of (option, value).
    """
    parts = [f"[{name}]\n" + "".join(map(_line, options)) for name, options in sections.items() if options]
    if not parts:
        return ""
    return "\n".join([ownership.header(part), *parts])


def options_of(file_text: str, section: str) -> dict[str, str]:
    """Return the options of a section in a text of :func:`text`; empty if the section is missing."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    try:
        parser.read_string(file_text)
    except configparser.Error:
        return {}
    return {name: value.replace("$$", "$") for name, value in parser.items(section)} if section in parser else {}


def _line(option: Option) -> str:
    name, value = option
    # oslo.config replaces $name with the value of another option.
    return f"{name} = {value}".rstrip().replace("$", "$$") + "\n"
