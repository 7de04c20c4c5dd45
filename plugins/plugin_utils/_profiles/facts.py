# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check the format of facts, which may come from a file or cache instead of mdev_facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import BY_NAME

TEXT, NUMBER, FLAG = "text", "a whole number", "true or false"
FRAMEWORK = " or ".join(BY_NAME)
# The form of a value: a kind of value, a list with the form of each entry, or the form of each key.
Form = Union[str, Sequence["Form"], Mapping[str, "Form"]]
# A dictionary with any keys.
ANYTHING: Form = {}
# Null stands for unreadable values.
OR_NULL = {kind: f"{kind} or null" for kind in (TEXT, NUMBER, FLAG, FRAMEWORK)}
USERS: Form = {
    "pid": OR_NULL[NUMBER],
    "command": OR_NULL[TEXT],
    "domain": OR_NULL[TEXT],
    "running": OR_NULL[FLAG],
}
# The fields that filters need. A dictionary in a list is the format of each entry.
PARTS: Mapping[str, Mapping[str, Form]] = {
    "physical_functions": {
        "address": TEXT,
        **dict.fromkeys(("vendor_id", "product_id", "class", "driver", "vf_product_id"), OR_NULL[TEXT]),
        "numa_node": OR_NULL[NUMBER],
        "mode": TEXT,
        "total_vfs": OR_NULL[NUMBER],
        "num_vfs": NUMBER,
        "netdevs": [TEXT],
        "virtual_functions": [{"address": TEXT}],
        "framework": OR_NULL[FRAMEWORK],
    },
    "parents": {
        "name": TEXT,
        **dict.fromkeys(("address", "physical_function"), OR_NULL[TEXT]),
        "numa_node": OR_NULL[NUMBER],
        "framework": FRAMEWORK,
        "types": [
            {
                "id": TEXT,
                **dict.fromkeys(("name", "description", "device_api"), OR_NULL[TEXT]),
                "attributes": ANYTHING,
                **dict.fromkeys(("available_instances", "max_instances"), OR_NULL[NUMBER]),
            }
        ],
    },
    "devices": {
        **dict.fromkeys(("uuid", "address", "type", "type_name", "parent"), OR_NULL[TEXT]),
        "state": TEXT,
    },
}
# The optional key mig of a physical function.
MIG: Form = {
    "enabled": FLAG,
    "instances": [{"profile": TEXT}],
    "profiles": [{"name": TEXT, **dict.fromkeys(("memory_mib", "most", "size"), NUMBER), "starts": [NUMBER]}],
}
SCHEDULER: Form = {"policy": TEXT, "time_slice_ms": OR_NULL[NUMBER], "registry": OR_NULL[TEXT]}
MOST = 5


def problems(facts: Any, users: bool = False) -> list[str]:
    """Return a sentence for each error of facts; with ``users``, also if users are missing."""
    if not isinstance(facts, dict):
        return [f"the facts of a host are a dictionary, and not {numbers.shown(facts)}"]
    found: list[str] = []
    for part, form in PARTS.items():
        if part in facts:
            _check(facts[part], [{**form, "users": [USERS]}] if users and part != "parents" else [form], part, found)
        else:
            found.append(f"the facts have no {part}")
    if not found:
        for place, function in enumerate(facts["physical_functions"]):
            if function.get("mig") is not None:
                _check(function["mig"], MIG, f"physical_functions[{place}].mig", found)
            if function.get("vgpu_scheduler") is not None:
                where = f"physical_functions[{place}].vgpu_scheduler"
                _check(function["vgpu_scheduler"], SCHEDULER, where, found)
    if not found:
        cards = {function["address"] for function in facts["physical_functions"]}
        found = [
            f"parents[{place}].physical_function is {numbers.shown(parent['physical_function'])}, which is not a card "
            "of this host"
            for place, parent in enumerate(facts["parents"])
            if parent["physical_function"] is not None and parent["physical_function"] not in cards
        ]
    more = [f"{len(found) - MOST} more such problems"] if len(found) > MOST else []
    return [*found[:MOST], *more]


def _check(value: Any, form: Form, where: str, found: list[str]) -> None:
    if isinstance(form, list):
        if not isinstance(value, list):
            found.append(f"{where} must be a list, and not {numbers.shown(value)}")
            return
        for place, item in enumerate(value):
            _check(item, form[0], f"{where}[{place}]", found)
    elif isinstance(form, dict):
        if not isinstance(value, dict):
            found.append(f"{where} must be a dictionary, and not {numbers.shown(value)}")
            return
        for key, kind in form.items():
            if key in value:
                _check(value[key], kind, f"{where}.{key}", found)
            else:
                found.append(f"{where} has no {key}")
    elif isinstance(form, str) and not _is(value, form):
        found.append(f"{where} must be {form}, and not {numbers.shown(value)}")


def _is(value: object, kind: str) -> bool:
    if value is None:
        return kind in OR_NULL.values()
    if kind.startswith(FRAMEWORK):
        return isinstance(value, str) and value in BY_NAME
    if kind.startswith(TEXT):
        # Names are never empty, but values that may be null may also be empty.
        return isinstance(value, str) and (value != "" or kind != TEXT)
    return isinstance(value, bool) if kind.startswith(FLAG) else numbers.is_whole(value) and not isinstance(value, str)
