# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the types and functions of a card that guests have, because some settings must not change under them."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card


def note(card: Card, subject: Subject) -> None:
    """Add these keys to the card if it is in use."""
    devices = [one for one in subject["devices"] if one.get("users")]
    types = sorted({one["type"] for one in devices if one["uuid"] and one["type"]})
    if types:
        card["used_types"] = types
    functions = {one["address"] for one in subject.get("virtual_functions", []) if one.get("users")}
    functions |= {one["parent"] for one in devices if not one["uuid"]}
    if subject.get("users") and subject["address"]:
        functions.add(subject["address"])
    if functions:
        card["used_functions"] = sorted(functions)
