# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Export the report as CSV or JSON with a row for each card."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping

from ansible_collections.vfio.devices.plugins.module_utils._host.ownership import GENERATOR
from ansible_collections.vfio.devices.plugins.plugin_utils._report.model import Report

# The first columns identify the file as one of this collection.
COLUMNS = (
    *("host", "groups", "kernel", "card", "model", "ids", "kind", "numa_node", "driver", "driver_version", "profile"),
    *("mode", "vfs", "type", "used", "reserved", "free", "total", "users", "level", "warnings"),
)
# The values by column.
Row = Mapping[str, object]
# Spreadsheets treat values that begin with these characters as formulas.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(data: Report) -> Iterator[Row]:
    """Yield a dictionary with :data:`COLUMNS` for each card, and for each host without cards."""
    for host in data["hosts"]:
        common = {"host": host["name"], "groups": host["groups"], "kernel": host["kernel"]}
        general = [one["text"] for one in host["findings"] if one["card"] is None]
        for card in host["cards"]:
            bars = card["bars"]
            sums = {key: sum(amounts[key] for amounts in bars) for key in ("used", "reserved", "free", "total")}
            users = [user["name"] for user in card["users"]]
            users += [user["name"] for device in card["held"] for user in device["users"]]
            yield {
                **common,
                **{key: card[key] for key in ("model", "ids", "kind", "numa_node", "driver", "driver_version")},
                **{key: card[key] for key in ("profile", "mode", "vfs")},
                "card": card["name"],
                "type": [amounts["name"] for amounts in bars],
                **sums,
                "users": list(dict.fromkeys(users)),
                "level": host["level"],
                "warnings": [one["text"] for one in card["findings"]] + general,
            }
        if not host["cards"]:
            yield {**dict.fromkeys(COLUMNS), **common, "level": host["level"], "warnings": general}


def as_csv(data: Report) -> str:
    """Return CSV; lists are joined by a semicolon and a blank, unknown values are empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(data):
        writer.writerow({key: _cell(row[key]) for key in COLUMNS})
    return out.getvalue()


def as_json(data: Report, title: str, time: str | None) -> str:
    """Return JSON with the numbers of the fleet and all rows."""
    found = [{key: row[key] for key in COLUMNS} for row in rows(data)]
    report = {"title": title, "time": time, "numbers": data["numbers"], "cards": found}
    return json.dumps(dict([GENERATOR]) | report, indent=1) + "\n"


def _cell(value: object) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
