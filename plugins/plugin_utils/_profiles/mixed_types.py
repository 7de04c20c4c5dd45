# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan several types on one card: how many devices fit, on which parents, and which must wait for guests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.nvidia_vfio_view import DEVICE_API
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import MAX
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import has_typed_vfs
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import OfferedType, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, NovaSettings, VgpuType
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Share as PlannedShare
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile, Share
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import mixture, type_choice
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.mixture import Chosen, Placed


class Published(TypedDict):
    """The Placement and cloud keys of a profile or type in the form of a plan."""

    resource_class: str | None
    traits: list[str]
    nova: NovaSettings


def planned_type(offered: OfferedType, subject: Subject) -> VgpuType:
    device_api = offered.get("device_api") or (DEVICE_API if has_typed_vfs(subject) else None)
    return {"id": offered["id"], "name": offered["name"], "device_api": device_api}


def published(part: Profile | Share) -> Published:
    keys: Mapping[str, object] = part
    of_clouds = {cloud.OWNER: keys[cloud.OWNER] for cloud in CLOUDS if cloud.PROFILE_PART}
    return cast("Published", {**part["placement"], **of_clouds})


def total_count(shares: Sequence[Share]) -> int | str | None:
    """Return the number of devices of all types, or ``max``; None if the owner creates them, or without types."""
    counts = [share["count"] for share in shares]
    if not counts or None in counts:
        return None
    return MAX if MAX in counts else sum(int(count or 0) for count in counts)


def instance(share: Share, type_id: str, card: Card, label: str) -> dict[str, object]:
    """Return an entry of the option ``instances`` of mdev_instance."""
    entry: dict[str, object] = {"type": [type_id], "parent": card["name"], "count": str(share["count"]), "label": label}
    if share["attributes"]:
        entry["attributes"] = share["attributes"]
    if share["autostart"] is not None:
        entry["autostart"] = share["autostart"]
    return entry


def plan(profile: Profile, subject: Subject, card: Card, found: list[str]) -> list[dict[str, object]]:
    """Fill in the card and its ``shares``; return the instances for the module.

    Problems are added to ``found``. The order of the types in the profile has no effect, so that reordering does not
    change UUIDs or virtual functions.
    """
    counts = [share["count"] for share in profile["shares"]]
    chosen = _chosen(profile["shares"], subject, found)
    if len(chosen) < 2 or None in counts or counts.count(MAX) > 1:
        # The check of the declaration reports wrong counts.
        return []
    problem = mixture.why_not(chosen, subject)
    if problem:
        found.append(problem)
        return []
    chosen.sort(key=lambda pair: (pair[0]["count"] == MAX, pair[1]["name"] or "", pair[1]["id"]))
    # A duplicate type is reported separately; the sum is still checked.
    wanted = {
        offered["id"]: total_count([one for one, its in chosen if its is offered]) or 0 for _own, offered in chosen
    }
    placed, problem = mixture.place(wanted, subject)
    if problem:
        found.append(problem)
        return []
    if found:
        return []
    card["shares"] = [_share(share, offered, placed[offered["id"]], subject) for share, offered in chosen]
    card["parents"] = sorted((one for share in card["shares"] for one in share["parents"]), key=lambda one: one["name"])
    card["count"] = total_count(profile["shares"])
    card["total"] = sum(share["total"] for share in card["shares"])
    label = f"profile {profile['name']}, {card['name']}"
    return [
        instance(share, offered["id"], card, f"{label}, {offered['name'] or offered['id']}")
        for share, offered in chosen
    ]


def _chosen(shares: list[Share], subject: Subject, found: list[str]) -> list[Chosen]:
    """Return each entry with its type, except entries without an existing type."""
    choices = [(share, type_choice.choose(share["types"], subject)) for share in shares]
    wrong = [
        f"{share['label']}: {type_choice.why_none(share['types'], subject)}"
        for share, offered in choices
        if offered is None
    ]
    chosen = [(share, offered) for share, offered in choices if offered]
    by_id: dict[str, list[Share]] = {}
    for share, offered in chosen:
        by_id.setdefault(offered["id"], []).append(share)
        unreadable = type_choice.why_unreadable(offered["id"], subject)
        wrong += [f"{share['label']}: {unreadable}"] if unreadable else []
        unsettable = type_choice.why_unsettable(share, offered["id"], subject)
        wrong += [f"{share['label']}.attributes: {unsettable}"] if unsettable else []
    repeated = [(type_id, shares) for type_id, shares in by_id.items() if len(shares) > 1]
    wrong += [
        f"{' and '.join(share['label'] for share in shares)} have the same type {type_id}. Use one entry with the sum "
        "of the counts"
        for type_id, shares in repeated
        # The check of the declaration reports equal spellings.
        if len({spec for share in shares for spec in share["types"]}) > 1
    ]
    found += wrong
    return chosen


def _share(share: Share, offered: OfferedType, placed: Placed, subject: Subject) -> PlannedShare:
    return {
        "type": planned_type(offered, subject),
        "next_type": None,
        "parents": placed.parents,
        "count": share["count"] or 0,
        "total": sum(parent["total"] for parent in placed.parents),
        "waiting": placed.waiting,
        **published(share),
    }
