# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Merge sentences that say the same about several cards."""

from __future__ import annotations

from collections.abc import Iterable

from .patterns import lazy_pattern
from .wording import shorten

SHOWN = 5
ADDRESS = lazy_pattern(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]")
PLACE = "\0"
# A sentence without this separator has no label and is never merged.
LABEL = ": "


def grouped(sentences: Iterable[str]) -> list[str]:
    """Return the sentences, with equal ones merged into one that lists all addresses in its label.

    The label is the part before the first ``": "``, such as ``profile nfv (0000:31:00.0)``. Sentences are equal if they
    differ only in the single address of their labels.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for place, sentence in enumerate(sentences):
        label, colon, rest = sentence.partition(LABEL)
        addresses = set(ADDRESS.findall(label)) if colon else set()
        if len(addresses) == 1:
            (address,) = addresses
            key = sentence.replace(address, PLACE)
        else:
            address, key = "", f"{place}{PLACE}"
        groups.setdefault(key, []).append((address, sentence))
    return [_merged(key, members) for key, members in groups.items()]


def labelled(label: str, sentence: str) -> str:
    """Return the sentence with its label. The sentence does not repeat the address from the label."""
    first, dummy, rest = sentence.partition(" ")
    if ADDRESS.fullmatch(first.rstrip(":")) and first.rstrip(":") in label:
        sentence = rest if first.endswith(":") else f"it {rest}"
    return f"{label}{LABEL}{sentence}"


def _merged(key: str, members: list[tuple[str, str]]) -> str:
    addresses = list(dict.fromkeys(address for address, dummy in members))
    if len(addresses) == 1:
        return members[0][1]
    label, colon, rest = key.partition(LABEL)
    return f"{label.replace(PLACE, shorten(addresses, SHOWN))}{colon}{rest.replace(PLACE, 'each card')}"
