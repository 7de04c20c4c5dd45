# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the cards of a plan that are in use, with their users."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import holders
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.answer import answering


def held_cards(plan, facts):
    """Return a sentence for each device in use, by planned card."""
    with answering("held_cards", "held_cards takes a plan and facts with users"):
        functions = {card["address"]: card for card in facts["physical_functions"]}
        parents = {parent["name"]: parent["physical_function"] or parent["name"] for parent in facts["parents"]}
        held = {}
        for card in plan["cards"]:
            # None means that the users were not read, and an empty list means that there are none.
            users = dict(one for one in _users(card, functions, parents, facts["devices"]) if len(one[1]) > 0)
            if users:
                held[card["name"]] = [f"{name} is in use by {holders(found)}" for name, found in users.items()]
        return held


def _users(card, functions, parents, devices):
    """Yield (name, users) of the card, its virtual functions and the devices on it."""
    function = functions.get(card["name"])
    for one in (function, *function["virtual_functions"]) if function else ():
        yield one["address"], one["users"]
    for device in devices:
        if parents.get(device["parent"], device["parent"]) == card["name"]:
            yield device["uuid"] or device["address"], device["users"]
