# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create Cyborg device profiles as its API accepts them (cyborg/api/controllers/v2/device_profiles.py)."""

from __future__ import annotations

import re
from typing import Any, TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg, cyborg_trait, overlaps
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import cards_of, of_card, type_name
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card

NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
# Resource class and traits of a card.
Kind = tuple[str, frozenset[str]]


class Body(TypedDict):
    """The request to create a device profile."""

    name: str
    groups: list[dict[str, str]]


def cyborg_device_profiles(plan: Any) -> list[Body]:
    """Return the request bodies; raise ``AnsibleFilterError`` with a sentence for each problem."""
    with errors_of_filter("cyborg_device_profiles", "cyborg_device_profiles needs a plan of vfio.devices.resolve"):
        plans = plan if isinstance(plan, (list, tuple)) else [plan]
        problems: list[str] = []
        kinds: dict[str, set[Kind]] = {}
        for card in (card for one in plans for card in cards_of(one, cyborg.OWNER)):
            kinds.setdefault(card["profile"], set()).add(_kind(card, problems))
        bodies = [_body(profile, kinds[profile], problems) for profile in sorted(kinds)]
        problems += _overlaps(bodies, kinds)
    refuse("the Cyborg device profiles cannot be created:", problems)
    return bodies


def _kind(card: Card, problems: list[str]) -> Kind:
    """Return the resource class and the traits of the card in Placement."""
    standard = [name for name in card["traits"] if not names.is_custom(name)]
    if standard:
        problems.append(of_card(card, f"Cyborg accepts only custom traits, and not {', '.join(standard)}"))
    traits = set(card["traits"])
    try:
        traits.add(cyborg_trait.gpu_trait(card["product_id"] or "", type_name(card), exact=True))
    except ValueError as error:
        problems.append(of_card(card, f"{error}. Use another type, or set owner: nova"))
    return "VGPU" if card["type"] else "PGPU", frozenset(traits)


def _body(profile: str, kinds: set[Kind], problems: list[str]) -> Body:
    """Request only what all cards of the profile have, because a guest may get any of them."""
    if not NAME.match(profile):
        problems.append(
            f"profile {profile}: a Cyborg device profile has a name of letters, digits, _ and - without blanks. Rename "
            "the profile"
        )
    classes = {resource_class for resource_class, traits in kinds}
    if len(classes) > 1:
        problems.append(
            f"profile {profile}: some of its cards are complete GPUs and others have vGPUs. Use a profile for each"
        )
    traits = frozenset.intersection(*(traits for resource_class, traits in kinds))
    group = {f"resources:{min(classes)}": "1", **{f"trait:{trait}": "required" for trait in sorted(traits)}}
    return {"name": profile, "groups": [group]}


def _overlaps(bodies: list[Body], kinds: dict[str, set[Kind]]) -> list[str]:
    """Return a sentence for each profile whose request also matches different devices of another profile."""
    found = []
    for body in bodies:
        resource_class, traits = _asked(body)
        for other, theirs in kinds.items():
            strangers = theirs - kinds[body["name"]]
            if any(its_class == resource_class and traits <= has for its_class, has in strangers):
                found.append(overlaps.sentence(body["name"], other, resource_class, traits))
    return found


def _asked(body: Body) -> Kind:
    (group,) = body["groups"]
    resource_class, *traits = (key.partition(":")[2] for key in group)
    return resource_class, frozenset(traits)
