# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find literals in an expression that a field never equals, such as ``'0x1EB8'`` for a product id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._devices import driver_names
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression_errors
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.expression_errors import Node

ID = re.compile(r"[0-9a-f]{4}\Z")
ADDRESS_PART = re.compile(r"[0-9a-f:.]*\Z")
ID_PART = re.compile(r"[0-9a-f]{0,4}\Z")
HEXADECIMAL = re.compile(r"(0[xX])?([0-9a-fA-F]{1,6})\Z")


class Spelling(NamedTuple):
    """The spelling of a field: pattern of a whole value, pattern of a part, and description."""

    whole: re.Pattern[str]
    part: re.Pattern[str]
    words: str

    def meant(self, text: str) -> str | None:
        """Return the correct spelling of a text, or None."""
        number = HEXADECIMAL.match(text)
        texts: tuple[str, ...]
        if self in (ADDRESS, NAME):
            texts = (text.lower(), f"0000:{text.lower()}")
        elif number and self is CLASS and len(number[2]) == 6:
            texts = (number[2][:4].lower(),)
        else:
            texts = (number[2].lower().rjust(4, "0"),) if number and len(number[2]) > 2 else ()
        return next((one for one in texts if self.whole.match(one)), None)

    def part_meant(self, text: str) -> str | None:
        """Return the correct spelling of a part, or None."""
        part = text.lower().removeprefix("0x")
        return part if part and self.part.match(part) else None


IDENTIFIER = Spelling(ID, ID_PART, "four hexadecimal digits in lower case without 0x")
CLASS = Spelling(ID, ID_PART, "four hexadecimal digits in lower case without 0x, base class and subclass")
ADDRESS = Spelling(grammar.PCI_ADDRESS, ADDRESS_PART, "a PCI address in lower case with its domain")
# Other parents may have nearly any name, but not a PCI address in another spelling.
NAME = Spelling(
    re.compile(rf"{grammar.PCI_ADDRESS.pattern}|(?!([0-9a-fA-F]{{4,8}}:)?[0-9a-fA-F]{{2}}:[01][0-9a-fA-F]\.[0-7]\Z)"),
    re.compile(""),
    f"{ADDRESS.words}, or the name of another parent",
)
SPELLINGS = {
    **dict.fromkeys(("vendor_id", "product_id", "vf_product_id"), IDENTIFIER),
    **dict.fromkeys(("subsystem_vendor_id", "subsystem_product_id"), IDENTIFIER),
    "class": CLASS,
    **dict.fromkeys(("address", "physical_function"), ADDRESS),
    "name": NAME,
}
DRIVERS = ("driver", "driver_override")
# Functions of a field and a part of its text.
OF_PARTS = ("starts_with", "ends_with", "contains")


def wrong(node: Node) -> Iterator[str]:
    """Yield a sentence for each text in a parsed expression that is compared with a field which never has it."""
    children = expression_errors.below(node)
    if node["type"] == "comparator" or node["type"] == "function_expression" and node["value"] in OF_PARTS:
        fields = [name for child in children if (name := _field(child)) and name in SPELLINGS]
        if node["type"] == "comparator" and any(_field(child) in DRIVERS for child in children):
            for text in (text for child in children for text in _texts(child)):
                meant = driver_names.suggested_driver(text)
                if meant:
                    yield f"'{text[:40]}' is not the name of a driver. Write '{meant}'"
        of_part = node["type"] == "function_expression" and bool(fields) and _field(children[0]) == fields[0]
        for field in fields:
            for text in (text for child in children for text in _texts(child)):
                spelling = SPELLINGS[field]
                if not (spelling.part if of_part else spelling.whole).match(text):
                    yield _sentence(
                        field, spelling, text, spelling.part_meant(text) if of_part else spelling.meant(text)
                    )
    for child in children:
        yield from wrong(child)


def _field(node: Node) -> str | None:
    """Return the name of the field that a node returns, at any depth."""
    if node["type"] == "subexpression":
        return _field(node["children"][-1])
    return node["value"] if node["type"] == "field" else None


def _texts(node: Node) -> list[str]:
    """Return the texts of a literal, or of a list of them."""
    if node["type"] == "multi_select_list":
        return [text for child in node["children"] for text in _texts(child)]
    if node["type"] != "literal":
        return []
    values = node["value"] if isinstance(node["value"], list) else [node["value"]]
    return [value for value in values if isinstance(value, str)]


def _sentence(field: str, spelling: Spelling, text: str, meant: str | None) -> str:
    instead = f". Write '{meant}'" if meant else ""
    return f"{field} must be {spelling.words}, and not '{text[:40]}'{instead}"
