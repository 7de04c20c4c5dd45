# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create a table of many hosts for a terminal: a line per card with possible devices and users."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts, Subject, User
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import card_types
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.offered_types import gpu_instances
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.selection import subjects
from ansible_collections.vfio.devices.plugins.plugin_utils._report import pci_classes
from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards_in_use import users_by_name

HEADING = (
    *("HOST", "CARD", "MODEL", "ID", "CLASS", "DRIVER", "NUMA", "FRAMEWORK", "MODE", "VFS", "DEVICES", "IN USE"),
    "FREE/MAX PER TYPE",
)
MODEL_WIDTH = 32
TYPES_WIDTH = 64
IN_USE_WIDTH = 24


# The lines of a cell, and the cells of a row.
Cell = Sequence[str]
Row = Sequence[Cell]


def fleet_table(facts_by_host: Any) -> list[str]:
    """Return the lines of the table; long models and the last two columns are wrapped."""
    if not isinstance(facts_by_host, dict):
        raise AnsibleFilterError("fleet_table takes a dictionary of facts by host name")
    rows: list[Row] = [[(text,) for text in HEADING]]
    for host, facts in facts_by_host.items():
        with errors_of_filter("fleet_table", f"fleet_table: {host} has no facts of mdev_facts"):
            rows += _host_rows(host, facts)
    widths = [max(len(line) for row in rows for line in row[column]) for column in range(len(HEADING))]
    return [
        "  ".join((text or "").ljust(width) for text, width in zip(line, widths)).rstrip()
        for row in rows
        for line in zip_longest(*row)
    ]


def _host_rows(host: str, facts: Facts) -> list[Row]:
    rows = [_row(host, card) for card in subjects(facts).values()]
    return rows or [[(text,) for text in (host, "nothing to share", *[""] * (len(HEADING) - 2))]]


def _row(host: str, card: Subject) -> Row:
    cells = (
        host,
        card["name"],
        card.get("model") or "",
        f"{card['vendor_id']}:{card['product_id']}" if card.get("vendor_id") else "",
        pci_classes.words(card.get("class")),
        card.get("driver") or "",
        "" if card["numa_node"] is None else str(card["numa_node"]),
        card["framework"] or "",
        card.get("mode", ""),
        f"{card['num_vfs']}/{card['total_vfs']}" if card.get("total_vfs") else "",
        str(len(card["devices"])) if card["devices"] else "",
    )
    if not all(isinstance(cell, str) for cell in cells):
        raise TypeError(cells)
    lines: list[Cell] = [(cell,) for cell in cells]
    lines[HEADING.index("MODEL")] = textwrap.wrap(cells[HEADING.index("MODEL")], MODEL_WIDTH) or ("",)
    return [*lines, _in_use(users_by_name(card)), _types(card)]


def _in_use(users: Mapping[str, list[User] | None]) -> Cell:
    """Return the number of devices in use and their guests or processes."""
    held = {device: entries for device, entries in users.items() if entries}
    holders = sorted({entry["domain"] or entry["command"] or "?" for entries in held.values() for entry in entries})
    return textwrap.wrap(f"{len(held)}: {', '.join(holders)}", IN_USE_WIDTH) if held else ("",)


def _types(card: Subject) -> Cell:
    counts = card_types.by_name(card["parents"], card["devices"], gpu_instances(card))
    shown = [name for name, count in counts.items() if count["free"] or count["existing"]] or list(counts)
    # Full names, because profiles need them.
    cells = [f"{name} {counts[name]['free']}/{_or_unknown(counts[name]['most'])}" for name in shown]
    others = len(counts) - len(shown)
    if others:
        cells.append(f"no room for {others} other type{'' if others == 1 else 's'}")
    text = ", ".join(cells)
    # Keep a name and its numbers on one line.
    return [line.replace("\0", " ") for line in textwrap.wrap(_glue(text), TYPES_WIDTH)] or ("",)


def _or_unknown(number: int | None) -> int | str:
    return "?" if number is None else number


def _glue(text: str) -> str:
    return ", ".join(cell.replace(" ", "\0") for cell in text.split(", "))
