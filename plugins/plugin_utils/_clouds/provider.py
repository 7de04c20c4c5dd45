# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create providers of several clouds: our own ones, and traits for providers of other services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional
from uuid import UUID

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Provider, ProviderOptions
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import shares_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card

# Resource class and traits of a card or type in Placement.
Content = tuple[Optional[str], Sequence[str]]
# Adds problems to its last argument.
CreateContent = Callable[[Card, ProviderOptions, list[str]], Content]
# The limit of Placement (placement/db/constants.py).
LARGEST_TOTAL = 0x7FFFFFFF


def create(
    card: Card, name: str, options: ProviderOptions, content: CreateContent, found: list[str], uuid: UUID | None = None
) -> Provider:
    """Return one provider for the card.

    ``content`` is a function of card, options and ``found`` that returns the resource class and the traits.
    """
    total = card["total"]
    identity: Provider = {"name": name, "parent": options["root"]}
    if uuid:
        identity["uuid"] = str(uuid)
    kept: Provider = {**identity, "optional": True}
    if options["drain"]:
        # Do not change its inventories: guests may still have devices of an earlier profile.
        return {**kept, "drain": True}
    to_come = total is None and options["preview"]
    if not total and not to_come:
        # Nothing is created. Existing devices get an empty inventory, or remain unchanged if the total is unknown.
        return kept if total is None else {**kept, "inventories": {}}
    contents = [(share, *content(share, options, found)) for share in shares_of(card)]
    traits = {trait for _share, _class, own in contents for trait in own}
    for trait in dict.fromkeys(trait for _share, _class, own in contents for trait in own):
        grammar.collect(names.trait, trait, found)
    provider: Provider = {**identity, "traits": sorted(traits)}
    inventories: dict[str, dict[str, int]] = {}
    for share, resource_class, _traits in contents:
        if not resource_class:
            continue
        grammar.collect(names.resource_class, resource_class, found)
        if resource_class in inventories:
            found.append(
                f"guests that ask for {resource_class} would get any of its types. Give each entry of vgpu a "
                "placement.resource_class of its own"
            )
        # In a preview, use the largest number, so that no inventory seems to shrink.
        inventories[resource_class] = {"total": LARGEST_TOTAL if to_come else share["total"] or 0}
    if inventories:
        # Placement rejects inventories with total 0, for example of a type that waits for guests.
        provider["inventories"] = {name: one for name, one in inventories.items() if one["total"]}
    return provider


def traits_only(
    card: Card,
    provider_names: list[str] | None,
    service: str,
    options: ProviderOptions,
    found: list[str],
    advice: str = "",
) -> list[Provider]:
    """Return custom traits for providers that nova-compute or cyborg-agent creates.

    ``provider_names`` are the providers that exist now, or None if no provider of the card takes traits.
    ``advice`` is the rest of the sentence about standard traits.
    """
    if options["drain"]:
        found.append(
            f"it cannot be drained in Placement, because {service} writes its inventory. Disable the compute service "
            "of this host, or drain other cards"
        )
    standard = [name for name in card["traits"] if not names.is_custom(name)]
    if standard and provider_names is not None:
        found.append(
            f"{', '.join(standard)} cannot be set on the provider of another service. Use custom traits{advice}"
        )
    if not card["traits"] and options["traits_mode"] != "exact":
        return []
    common: Provider = {"parent": options["root"], "traits": sorted(card["traits"]), "optional": True}
    return [{"name": name, **common} for name in provider_names or ()]
