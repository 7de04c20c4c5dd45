# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the key ``vgpu`` of a profile, which is one type or several types per card, without facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import MAX, parse_instances
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Share
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import check, schema


def parse(value: object, owner: str, found: list[str]) -> list[Share]:
    """Return the entries in one form; add problems to ``found``.

    Each entry has its ``label`` in messages, ``types`` in order of preference, and ``count``: a number, ``max``, or
    None if the owner creates the devices.
    """
    listed = check.parts(value, "vgpu")
    entries = [_entry(vgpu, label, owner, found) for label, vgpu in listed]
    if len(listed) > 1:
        _check_together(listed, list(filter(None, entries)), found)
    return list(filter(None, entries))


def _entry(vgpu: Mapping[str, Any], label: str, owner: str, found: list[str]) -> Share | None:
    wrong = check.wrong(vgpu, schema.VGPU, f"{label}.")
    sentences = [*wrong.values(), *check.missing(vgpu, wrong, schema.VGPU, label)]
    found += sentences
    if sentences:
        return None
    types = [vgpu["type"]] if isinstance(vgpu["type"], str) else vgpu["type"]
    count = str(vgpu.get("count", BY_OWNER[owner].DEFAULT_COUNT))
    entry = dict.fromkeys(("uuid", "parent", "numa_node", "autostart"))
    entry.update(type=types, count=None if count == "0" else count, attributes=vgpu.get("attributes"))
    try:
        parse_instances([entry], "present", False)
    except Refused as refused:
        found += [f"{label}: " + problem.partition(": ")[2] for problem in refused.problems]
    return cast(
        "Share",
        {
            **{key: vgpu.get(key) for key in schema.VGPU},
            "label": label,
            "types": types,
            "count": None if count == "0" else count if count == MAX else int(count),
            "attributes": vgpu.get("attributes") or [],
        },
    )


def _check_together(listed: list[tuple[str, Any]], entries: list[Share], found: list[str]) -> None:
    """Find combinations of types that are invalid on any card."""
    places: dict[str, list[str]] = {}
    for entry in entries:
        for name in dict.fromkeys(entry["types"]):
            places.setdefault(name, []).append(entry["label"])
    found += [
        f"{' and '.join(labels)} have the same type {name}. Use one entry with the sum of the counts"
        for name, labels in places.items()
        if len(labels) > 1
    ]
    greedy = [entry["label"] for entry in entries if entry["count"] == MAX]
    if len(greedy) > 1:
        found.append(f"{' and '.join(greedy)} have no number. Set a count for all of them except one")
    of_zero = [label for label, vgpu in listed if str(vgpu.get("count")) == "0"]
    if of_zero:
        found.append(
            f"count: 0 of {' and '.join(of_zero)} is only for a single type, because the first guest would take the "
            "room of the others. Set the number of devices"
        )
