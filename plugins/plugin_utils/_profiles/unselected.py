# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Describe cards that are in no profile, because nova and Cyborg find them too."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Unselected


def of_host(subjects: Mapping[str, Subject], selected: Collection[str]) -> list[Unselected]:
    """Return the properties that settings depend on, for each card that is not ``selected``, sorted by name."""
    return [_card(subjects[name]) for name in sorted(subjects) if name not in selected]


def types_of(subject: Subject) -> list[str]:
    """Return the ids of all types that the parents of a card list."""
    return sorted({offered["id"] for parent in subject["parents"] for offered in parent["types"]})


def _card(subject: Subject) -> Unselected:
    functions = subject.get("virtual_functions", [])
    card: Unselected = {
        "name": subject["name"],
        "address": subject["address"],
        "vendor_id": subject.get("vendor_id"),
        "product_id": subject.get("product_id"),
        "vf_product_id": subject.get("vf_product_id"),
        "class": subject.get("class"),
        "framework": subject["framework"],
        "netdevs": subject.get("netdevs", []),
        "types": types_of(subject),
        "virtual_functions": [function["address"] for function in functions],
    }
    with_vdpa = [one["address"] for one in functions if one.get("vdpa")]
    if with_vdpa:
        card["vdpa_functions"] = with_vdpa
    return card
