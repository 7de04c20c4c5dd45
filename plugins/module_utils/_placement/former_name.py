# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the provider that a card has under an older name, for example after its root was renamed; no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable

from . import names
from .model import Entry, Provider


def provider_of(
    entry: Entry,
    parent: str | None,
    providers: Iterable[Provider],
    wanted: list[Entry],
    is_ours: Callable[[Provider], bool],
) -> Provider | None:
    """Return our own unlisted provider below the UUID ``parent`` that represents the card of a new entry."""
    if not entry["name"] or names.OWN not in entry["name"] or entry["uuid"] or not parent:
        return None
    listed = {other["name"] for other in wanted} | {other["uuid"] for other in wanted}
    found = [
        one
        for one in providers
        if one["parent"] == parent
        and names.OWN in one["name"]
        and names.card_of(one["name"]) == names.card_of(entry["name"])
        and not {one["name"], one["uuid"]} & listed
        and is_ours(one)
    ]
    return min(found, key=lambda one: one["name"], default=None)
