# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Merge the results of a module that has worked in parts."""

from __future__ import annotations

from typing import Any

Result = dict[str, Any]

# The actions of mdev_instance for which its result lists devices.
LISTED_ACTIONS = ("created", "removed", "replaced", "kept")
# Fields that Ansible prints.
PRINTED = ("warnings", "deprecations")


def merge(so_far: Result | None, part: Result) -> Result:
    """Return the merged result of all parts up to this one; ``so_far`` is None for the first.

    If the last part was rejected or failed completely, the result still contains the changes of earlier parts.
    """
    if so_far is None:
        return part
    merged = {**so_far, **part, "changed": bool(so_far.get("changed") or part.get("changed"))}
    for field in PRINTED:
        items = [*so_far.get(field, []), *part.get(field, [])]
        if items:
            merged[field] = [item for number, item in enumerate(items) if item not in items[:number]]
    if "diff" not in part:
        return _ended(merged)
    merged["diff"] = {"before": so_far["diff"]["before"], "after": part["diff"]["after"]}
    if "instances" in part:
        merged["instances"] = _instances(so_far["instances"], part["instances"])
        for action in LISTED_ACTIONS:
            devices = [device for device in merged["instances"] if device["action"] == action]
            merged[action] = [device["uuid"] or device["address"] for device in devices]
    else:
        merged["functions"] = [_function(*pair) for pair in zip(so_far["functions"], part["functions"])]
    return merged


def _ended(merged: Result) -> Result:
    """Adapt the message of a failed last part, which describes only this part."""
    reason = "; ".join(merged["problems"]) if merged.get("problems") else merged.get("msg", "the module has failed")
    # It contains the old message and would be shown instead of the new one.
    merged.pop("exception", None)
    return {**merged, "msg": f"Stopped during the run, and completed changes remain: {reason}"}


def _instances(before: list[Result], now: list[Result]) -> list[Result]:
    """Merge the devices of all parts; each has the action of the whole work."""
    merged = {_key(device): device for device in before}
    for device in now:
        earlier = merged.get(_key(device))
        if earlier and device["action"] == "kept":
            merged[_key(device)] = {**device, "action": earlier["action"]}
        elif earlier and earlier["action"] == "removed" and device["action"] == "created":
            merged[_key(device)] = {**device, "action": "replaced"}
        else:
            merged[_key(device)] = device
    return [merged[key] for key in sorted(merged)]


def _key(device: Result) -> tuple[str, str, bool]:
    return device["parent"], device["uuid"] or device["address"], device["action"] == "failed"


def _function(before: Result, now: Result) -> Result:
    """Merge the states of a card: skipped before the part that changes it, and unchanged after it."""
    known = before if now["action"] == "unchanged" else now
    return {**known, "before": before["before"], "after": now["after"], "done": [*before["done"], *now["done"]]}
