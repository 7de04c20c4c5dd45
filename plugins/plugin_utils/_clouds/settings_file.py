# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The text of a file that oslo.config reads."""

from __future__ import annotations

import configparser
import re

# What may stand in a section's name and as an item of a list.
WORD = re.compile(r"[A-Za-z0-9_.:+-]+\Z")


def text(service, sections):
    """A file for ``service`` of ``sections``, a dictionary of lists of (option, value); empty without any option."""
    parts = [f"[{name}]\n" + "".join(map(_line, options)) for name, options in sections.items() if options]
    if not parts:
        return ""
    header = f"# Settings of {service}, made by vfio.devices. Changes made by hand get lost.\n"
    return "\n".join([header, *parts])


def options_of(file_text, section):
    """The options of a section in a text that ``text`` has made; empty without the section."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    try:
        parser.read_string(file_text)
    except configparser.Error:
        return {}
    return {name: value.replace("$$", "$") for name, value in parser.items(section)} if section in parser else {}


def _line(option):
    name, value = option
    # oslo.config puts the value of another option for $name.
    return f"{name} = {value}\n".replace("$", "$$")
