# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Merge the results of a module that has worked in parts."""

from __future__ import annotations

from typing import Any

Result = dict[str, Any]

DEVICES = ("created", "removed", "replaced", "kept")
TOLD = ("warnings", "deprecations")


def merge(so_far: Result | None, part: Result) -> Result:
    """Return the merged result of all parts up to this one; ``so_far`` is None for the first.

    If the last part was rejected or failed completely, the result still contains the changes of earlier parts.
    """
    if so_far is None:
        return part
    merged = {**so_far, **part, "changed": bool(so_far.get("changed") or part.get("changed"))}
    for field in TOLD:
        items = [*so_far.get(field, []), *part.get(field, [])]
        if items:
            merged[field] = [one for number, one in enumerate(items) if one not in items[:number]]
    if "diff" not in part:
        return _ended(merged)
    merged["diff"] = {"before": so_far["diff"]["before"], "after": part["diff"]["after"]}
    if "instances" in part:
        merged["instances"] = _instances(so_far["instances"], part["instances"])
        for action in DEVICES:
            of_action = [one for one in merged["instances"] if one["action"] == action]
            merged[action] = [one["uuid"] or one["address"] for one in of_action]
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
    merged = {_key(one): one for one in before}
    for one in now:
        known = merged.get(_key(one))
        if known and one["action"] == "kept":
            merged[_key(one)] = {**one, "action": known["action"]}
        elif known and known["action"] == "removed" and one["action"] == "created":
            merged[_key(one)] = {**one, "action": "replaced"}
        else:
            merged[_key(one)] = one
    return [merged[key] for key in sorted(merged)]


def _key(one: Result) -> tuple[str, str, bool]:
    return one["parent"], one["uuid"] or one["address"], one["action"] == "failed"


def _function(before: Result, now: Result) -> Result:
    """Merge the states of a card: skipped before the part that changes it, and unchanged after it."""
    known = before if now["action"] == "unchanged" else now
    return {**known, "before": before["before"], "after": now["after"], "done": [*before["done"], *now["done"]]}
