# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the PCI functions that ``[pci] device_spec`` matches (nova/pci/devspec.py, nova/pci/whitelist.py)."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Unselected

ANY = "*"
PARTS = ("domain", "bus", "slot", "function")
# The keys that select functions; all others are tags.
KEYS = ("address", "devname", "vendor_id", "product_id")
FLAGS = ("live_migratable", "managed", "one_time_use", "remote_managed", "trusted")
TRUE = ("1", "t", "true", "on", "y", "yes")


# The value of a device_spec or alias.
Spec = dict[str, object]


class Function(NamedTuple):
    """A PCI function of the host. ``card`` is the address of its card, or of the function itself if it is the card."""

    address: str
    card: str
    vendor_id: str | None
    product_id: str | None
    # True for a card with SR-IOV, whose address also matches its virtual functions.
    is_sriov: bool
    netdevs: tuple[str, ...]


def of_card(card: Card | Unselected) -> list[Function]:
    """Return all PCI functions of a card, first the card itself."""
    address, vendor = card["address"], card["vendor_id"]
    if not address:
        return []
    is_sriov = bool(card.get("total_vfs") or card["vf_product_id"])
    netdevs = tuple(card.get("netdevs", ()))
    virtual = [Function(one, address, vendor, card["vf_product_id"], False, ()) for one in card["virtual_functions"]]
    return [Function(address, address, vendor, card["product_id"], is_sriov, netdevs), *virtual]


def specs(value: str) -> list[Spec]:
    """Return the specs of a value, which is a JSON dictionary or a list of them; nova rejects other values."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return []
    return [one for one in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(one, dict)]


def matching(spec: Spec, functions: list[Function]) -> list[Function]:
    """Return the functions of a host that a spec matches."""
    if "devname" in spec:
        cards = {one.address for one in functions if spec["devname"] in one.netdevs}
        found = [one for one in functions if one.card in cards]
    else:
        found = _by_address(spec.get("address") or ANY, functions)
    return [
        one for one in found if all(_has_id(spec.get(key), getattr(one, key)) for key in ("vendor_id", "product_id"))
    ]


def tags(spec: Spec) -> dict[str, str]:
    """Return the tags of a spec, with one spelling of each value."""
    found = {key: str(value) for key, value in spec.items() if key not in KEYS}
    return {key: str(value.strip().lower() in TRUE) if key in FLAGS else value for key, value in found.items()}


def _by_address(address: object, functions: list[Function]) -> list[Function]:
    if isinstance(address, dict):
        texts = [str(address.get(part, ".*")) for part in PARTS]
        wanted = [_regex(text) for text in texts]
        # Without regular expressions, the address of a card with SR-IOV matches its virtual functions too.
        card = "{}:{}:{}.{}".format(*texts)
        return [
            one
            for one in functions
            if all(map(_is_matched, wanted, _parts(one.address)))
            or one.card == card
            and any(other.is_sriov for other in functions if other.address == card)
        ]
    numbers = _numbers(str(address))
    if numbers is None:
        return []
    cards = {one.address for one in functions if one.is_sriov and numbers == _numbers(one.address)}
    return [
        one
        for one in functions
        if one.card in cards or all(number in (ANY, mine) for number, mine in zip(numbers, _numbers(one.address) or ()))
    ]


def _regex(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:
        return None


def _is_matched(pattern: re.Pattern[str] | None, text: str) -> bool:
    return bool(pattern and pattern.match(text))


def _parts(address: str) -> list[str]:
    return re.split("[:.]", address)


def _numbers(address: str) -> tuple[object, ...] | None:
    """Return the four parts as numbers, or ANY for a missing part; None if the text is not an address."""
    above, dummy, function = address.partition(".")
    words = above.split(":")
    words = [*[ANY] * (3 - len(words)), *words, function]
    try:
        return tuple(ANY if word.strip() in ("", ANY) else int(word, 16) for word in words)
    except ValueError:
        return None


def _has_id(wanted: object, value: str | None) -> bool:
    if wanted in (None, ANY):
        return True
    try:
        return value is not None and int(str(wanted), 16) == int(value, 16)
    except ValueError:
        return False
