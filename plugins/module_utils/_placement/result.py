# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the result of placement_inventory: each provider with its action, and the difference by name."""

from __future__ import annotations

from typing import Any

from .apply import Outcome
from .model import Attempt, Kept, Plan, Shown

ACTIONS = {"create": "created", "update": "updated", "remove": "removed"}
LISTED = (*ACTIONS.values(), "kept")


def report(planned: Plan, outcome: Outcome, calls: int) -> dict[str, Any]:
    """Return the result of the module; in check mode, ``outcome`` is the predicted one."""
    providers = [_provider(one, None, "kept") for one in planned["kept"]]
    providers += [_provider(step, step["former"], ACTIONS[step["action"]]) for step in outcome.done]
    providers += [_provider(step, step["former"], "failed") for step in outcome.failed]
    providers.sort(key=lambda one: (one["item"] is None, one["item"] or 0, one["name"]))
    listed = {action: [one["name"] for one in providers if one["action"] == action] for action in LISTED}
    return {
        "changed": outcome.changed,
        "providers": providers,
        **listed,
        "missing": planned["missing"],
        "unexpected": planned["unexpected"],
        "failures": [step["error"] for step in outcome.failed],
        "resource_classes": outcome.classes,
        "traits": outcome.traits,
        "calls": calls,
        "retries": outcome.retries,
        "diff": {side: _shown([*outcome.done, *outcome.failed], side) for side in ("before", "after")},
    }


def _provider(one: Kept, former: str | None, action: str) -> dict[str, Any]:
    return {
        "item": one["item"],
        "name": one["name"],
        "uuid": one["uuid"],
        "parent": one["parent"],
        "root": one["root"],
        "former": former,
        "action": action,
    }


def _shown(steps: list[Attempt], side: str) -> dict[str, Shown]:
    """Return the previous or current state of the providers of the steps, by name."""
    shown = {}
    for step in steps:
        one = step["before"] if side == "before" else step["actual"]
        if one is not None and (step["before"] != step["actual"] or step["former"]):
            # The state before a rename is shown under the old name.
            former = step["former"] if side == "before" else None
            shown[former or step["name"]] = one
    return shown
