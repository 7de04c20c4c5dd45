# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List the devices in use of each planned card, and the users of all devices."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core.wording import describe_users
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import device_name
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts, Subject, User
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.selection import subjects


def held_cards(plan: Plan, facts: Facts) -> dict[str, list[str]]:
    """Return a sentence for each device in use, by planned card."""
    with errors_of_filter("held_cards", "held_cards takes a plan and facts with users"):
        held = {}
        cards = subjects(facts)
        for name in (card["name"] for card in plan["cards"] if card["name"] in cards):
            users = users_by_name(cards[name])
            if None in users.values():
                raise TypeError("the users were not read")
            sentences = [f"{device} is in use by {describe_users(found)}" for device, found in users.items() if found]
            if sentences:
                held[name] = sentences
        return held


def running_users(facts: Facts) -> list[str]:
    """Return running guests and processes that use a function or device of the host."""
    with errors_of_filter("running_users", "running_users takes facts with users"):
        functions = facts["physical_functions"]
        virtual_functions = [virtual for function in functions for virtual in function["virtual_functions"]]
        users = [one["users"] for one in (*functions, *virtual_functions, *facts["devices"])]
        if None in users:
            raise TypeError("the users were not read")
        running = [user for found in users for user in found or () if user["running"]]
        guests = [f"guest {user['domain']}" for user in running if user["domain"]]
        return list(dict.fromkeys([*guests, *(f"process {user['pid']}" for user in running if not user["domain"])]))


def users_by_name(card: Subject) -> dict[str, list[User] | None]:
    """Return the users of a card, its virtual functions and the devices on them."""
    functions = [(card["name"], card["users"])] if "virtual_functions" in card else []
    functions += [(one["address"], one["users"]) for one in card.get("virtual_functions", [])]
    return dict([*functions, *((device_name(device), device["users"]) for device in card["devices"])])
