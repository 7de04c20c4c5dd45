# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Choose the type of a card from a profile, and explain why none exists."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers, wording
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import (
    GpuInstances,
    capacities,
    is_mig_backed,
)
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import advice, why_not_settable
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Mig, OfferedType, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Share


def choose(specs: Sequence[str], subject: Subject) -> OfferedType | None:
    """Return the type of existing devices, or else the first spec with capacity, or else the first that exists.

    Existing devices of any listed type are accepted, so reordering the list changes nothing. Returns None if no type
    exists.
    """
    wanted = [offered for spec in specs for offered in subject["types"] if spec in (offered["id"], offered["name"])]
    existing = {device["type"] for device in subject["devices"] if device["state"] == "active"}
    room = {
        offered["id"] for parent in subject["parents"] for offered in parent["types"] if offered["available_instances"]
    }
    for group in (existing, room):
        for offered in wanted:
            if offered["id"] in group:
                return offered
    return wanted[0] if wanted else None


def why_none(specs: Sequence[str], subject: Subject) -> str:
    """Return why the card has none of the types."""
    known = {offered["id"]: offered["name"] for offered in subject["types"]}
    names = " or ".join(wording.display_name(text, numbers.shown(text)) for text in specs)
    if known:
        return (
            f"there is no type {names}. The card has {wording.describe_types(known, specs)}{_about_mig(specs, subject)}"
        )
    frameworks = {parent["framework"] for parent in subject["parents"]}
    check = advice(frameworks, subject.get("vendor_id"))
    return f"the card lists no types, so there is no type {names}. {check}"


def why_unreadable(type_id: str, subject: Subject) -> str | None:
    """Return why a type with unreadable counters cannot be planned, or None."""
    offers = [one for parent in subject["parents"] for one in parent["types"] if one["id"] == type_id]
    if any(offered["available_instances"] is None for offered in offers):
        return f"the number of possible devices of type {type_id} is unreadable. Read the warnings of the facts"
    return None


def why_unsettable(share: Share, type_id: str, subject: Subject) -> str | None:
    """Return why devices of a type do not support the attributes of an entry, or None."""
    pairs = [pair for attribute in share["attributes"] for pair in attribute.items()]
    return why_not_settable(subject["parents"][0]["framework"], type_id, pairs)


def _about_mig(specs: Sequence[str], subject: Subject) -> str:
    """Return the remedy if the types need MIG and the card has it off, or vice versa."""
    asked = {is_mig_backed(spec) for spec in specs}
    has = {is_mig_backed(offered["name"]) for offered in subject["types"]}
    if len(asked) != 1 or asked & has:
        return ""
    if asked == {True}:
        return f". A type with two numbers needs GPU instances of MIG{_how_to_enable(specs, subject.get('mig'))}"
    return ". MIG is on, and a time-sliced type needs a GPU without it. Set mig: false in the profile"


def _how_to_enable(specs: Sequence[str], mig: Mig | None) -> str:
    """Return the end of the sentence; ``mig`` is that of the facts, None if unknown."""
    if mig is None:
        return ". Set mig in the profile if the GPU supports it"
    if not mig["profiles"]:
        return ", which this card does not support"
    offered = GpuInstances(tuple(one["name"] for one in mig["profiles"]), ())
    fitting = [name for spec in specs for name in capacities(spec, offered)]
    return f", which is off. Set mig in the profile{f', such as mig: {{{fitting[0]}: 1}}' if fitting else ''}"
