# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Cards without a cloud: guests get them manually, and only this collection publishes them in Placement."""

from __future__ import annotations

import re

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import provider
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Provider, ProviderOptions
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider import Content
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    has_typed_vfs,
    is_display,
    makes_mdevs,
    type_name,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import Option

OWNER = "none"
SHAPE = "own"
PROFILE_PART: Option = {}
DEFAULT_COUNT = "max"
MAKES_MDEVS = False
TAKES_UNTOUCHED_CARDS = False


def check(profile: Profile) -> list[str]:
    if profile["vgpu"] and profile["vgpu"]["count"] is None:
        return ["vgpu.count 0 means that the owner creates the devices, but the owner is none. Set vgpu.count"]
    return []


def check_card(card: Card) -> list[str]:
    return []


def check_host(cards: list[Card]) -> list[str]:
    return []


def why_no_provider(card: Card, options: ProviderOptions) -> str | None:
    owner = card["owner"]
    if owner == "cyborg" and options["cyborg_agent"] or owner == "nova" and makes_mdevs(card):
        return f"its owner {owner} already publishes it, so it would be counted twice with shape own"
    return None


def providers(card: Card, options: ProviderOptions) -> tuple[list[Provider], list[str]]:
    found: list[str] = []
    return [provider.create(card, f"{options['root']}_vfio_{card['name']}", options, _content, found)], found


def reserved_names(card: Card, root: str) -> list[str]:
    return []


def extra_specs(card: Card) -> dict[str, str]:
    return {}


def _content(card: Card, options: ProviderOptions, found: list[str]) -> Content:
    """Return resource class and traits of a card that neither nova nor Cyborg manages."""
    if card["total"] is None:
        # Before the virtual functions exist, only the declared values are known.
        return card["resource_class"], card["traits"]
    traits = list(card["traits"])
    if card["type"]:
        traits.append(f"CUSTOM_VFIO_TYPE_{_normal(type_name(card) or '')}")
    if card["numa_node"] is not None:
        traits.append(f"CUSTOM_NUMA_{card['numa_node']}")
    return card["resource_class"] or _default_class(card, found), traits


def _default_class(card: Card, found: list[str]) -> str:
    """Return the default class; for whole cards and virtual functions it equals that of nova."""
    if card["type"]:
        return "CUSTOM_VGPU" if has_typed_vfs(card) or is_display(card) else "CUSTOM_MDEV"
    product = card["vf_product_id"] if card["mode"] == "vf" else card["product_id"]
    if not product:
        found.append("the product id of its virtual functions is unknown. Set placement.resource_class")
        return "CUSTOM_VF"
    return f"CUSTOM_PCI_{_normal(card['vendor_id'] or '')}_{_normal(product)}"


def _normal(text: str) -> str:
    """Convert a text to a part of a resource class or trait."""
    return re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")
