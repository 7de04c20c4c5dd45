# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What the providers of several clouds have in common: those that we make, and those that another service makes."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._placement import names

# Placement's own limit (placement/db/constants.py).
LARGEST_TOTAL = 0x7FFFFFFF


def ours(card, name, options, content, found, uuid=None):
    """One provider for the card.

    ``content`` is a function of card, options and ``found`` that returns the resource class and the traits.
    """
    total = card["total"]
    identity = {"name": name, "parent": options["root"]}
    if uuid:
        identity["uuid"] = str(uuid)
    kept = {**identity, "optional": True}
    if options["drain"]:
        # As it is in Placement: guests may still have what the card was before its profile was changed.
        return {**kept, "drain": True}
    to_come = total is None and options["preview"]
    if not total and not to_come:
        # Nothing is created. Existing devices offer no more, or remain unchanged if they are unknown.
        return kept if total is None else {**kept, "inventories": {}}
    resource_class, traits = content(card, options, found)
    for trait in traits:
        grammar.collect(names.trait, trait, found)
    provider = {**identity, "traits": sorted(set(traits))}
    if resource_class:
        grammar.collect(names.resource_class, resource_class, found)
        # No number of devices is larger than that of a preview, so that no inventory seems to shrink.
        provider["inventories"] = {resource_class: {"total": LARGEST_TOTAL if to_come else total}}
    return provider


def traits_only(card, provider_names, service, options, found):
    """Custom traits on providers that nova-compute or cyborg-agent makes, if it has already."""
    if options["drain"]:
        found.append(
            f"it cannot be drained in Placement, because {service} writes its inventory. Disable the compute service "
            "of this host, or drain other cards"
        )
    standard = [name for name in card["traits"] if not names.is_custom(name)]
    if standard and provider_names:
        found.append(f"{', '.join(standard)} cannot be set on the provider of another service. Use custom traits")
    if not card["traits"] and options["traits_mode"] != "exact":
        return []
    common = {"parent": options["root"], "traits": sorted(card["traits"]), "optional": True}
    return [{"name": name, **common} for name in provider_names]
