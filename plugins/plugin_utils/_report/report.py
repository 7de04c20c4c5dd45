# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the report of a fleet: a page for people, or its numbers for programs."""

from __future__ import annotations

import json
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import one_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression
from ansible_collections.vfio.devices.plugins.plugin_utils._report import export, fleet, page

OUTPUTS = ("page", "summary", "csv", "json", "all")
NEEDS = (
    "fleet_report needs facts of vfio.devices.mdev_facts with all parts, and a result of "
    "vfio.devices.placement_inventory_info"
)


def fleet_report(
    facts_by_host: Any,
    profiles: Any = None,
    placement: Any = None,
    roots: Any = None,
    title: str = "VFIO devices",
    time: str | None = None,
    output: str = "page",
    groups: Any = None,
) -> Any:
    """Return the page as text, the numbers of the fleet, CSV or JSON with a row per card, or all of them by name."""
    if output not in OUTPUTS:
        raise AnsibleFilterError(f"fleet_report: output must be {one_of(OUTPUTS)}, and not {numbers.shown(output)}")
    given = {"facts": facts_by_host, "profiles": profiles or {}, "roots": roots or {}, "groups": groups or {}}
    results = placement if isinstance(placement, list) else [placement] if placement else []
    for name, value in given.items():
        if not isinstance(value, dict):
            raise AnsibleFilterError(f"fleet_report: {name} must be a dictionary, and not {type(value).__name__}")
    if not all(isinstance(result, dict) for result in results):
        raise AnsibleFilterError("fleet_report: placement must be a dictionary or a list of dictionaries")
    if any(given["profiles"].values()) and expression.MISSING:
        raise AnsibleFilterError(f"fleet_report needs jmespath for profiles. {expression.missing()}")
    with errors_of_filter("fleet_report", NEEDS):
        # Do not convert the facts: they are large, and profiles need only few fields.
        facts = given.pop("facts")
        given, results = json.loads(json.dumps([given, results]))
        data = fleet.build(facts, given["profiles"], results, given["roots"], given["groups"])
        made: dict[str, Callable[[], object]] = {
            "page": lambda: page.render(data, title, time),
            "summary": lambda: data["numbers"],
            "csv": lambda: export.as_csv(data),
            "json": lambda: export.as_json(data, title, time),
        }
        return {name: make() for name, make in made.items()} if output == "all" else made[output]()
