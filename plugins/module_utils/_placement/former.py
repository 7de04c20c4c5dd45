# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The provider that a card has had under another name, as after a new name of its root; no I/O."""

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
    """Our own provider for the card of a new entry, which is not listed itself, below the UUID ``parent``."""
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
