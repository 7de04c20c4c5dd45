# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compute the capacity of types that share quantities: ports, memory, or a counter of the kernel."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._core.patterns import lazy_pattern
from .._model.host import Offer
from .capacity import Capacity, CardDevices

MTTY = lazy_pattern(r"mtty-([1-9]\d{0,8})\Z", re.ASCII)
MBOCHS_MEMORY = lazy_pattern(r"\b([1-9]\d{0,8}) MB video memory", re.ASCII)
GVT_QUANTITIES = ("low_gm_size", "high_gm_size", "fence")


class Quantities(Capacity):
    """Types that share quantities: mtty ports, mbochs memory, GVT-g resources, or the counter of the mdev core.

    The free part of a quantity is at least what the available instances of any type need.
    """

    def __init__(self, card: CardDevices) -> None:
        super().__init__(card)
        offers = card.parents[0].offers
        self._costs = {offer.type.id: _cost(offer, offers) for offer in offers}
        self._free: dict[str, int] = {}
        for offer in offers:
            for quantity, amount in self._costs[offer.type.id].items():
                needed = (offer.available or 0) * amount
                self._free[quantity] = max(self._free.get(quantity, 0), needed)

    def take(self, parent: str, type_id: str) -> None:
        super().take(parent, type_id)
        self._change(type_id, -1)

    def give(self, parent: str, type_id: str | None) -> None:
        super().give(parent, type_id)
        self._change(type_id, 1)

    def _change(self, type_id: str | None, sign: int) -> None:
        for quantity, amount in self._costs.get(type_id or "", {}).items():
            self._free[quantity] += sign * amount

    def _expected(self, parent: str, type_id: str) -> int:
        costs = self._costs.get(type_id)
        return min(self._free[quantity] // amount for quantity, amount in costs.items()) if costs else 0


def _cost(offer: Offer, siblings: Sequence[Offer]) -> dict[str, int]:
    """Return how much one device takes of each quantity that the types of its parent share."""
    ports = MTTY.match(offer.type.id)
    if ports:
        return {"ports": int(ports[1])}
    memory = MBOCHS_MEMORY.search(offer.type.description or "")
    if memory:
        return {"memory": int(memory[1])}
    quotas = {name: offer.type.attributes.get(name) for name in GVT_QUANTITIES}
    amounts = {name: quota for name, quota in quotas.items() if isinstance(quota, int) and quota > 0}
    if len(amounts) == len(quotas):
        return amounts
    # The mdev core counts all types of a parent together, so all show the same number.
    if len({one.available for one in siblings}) == 1:
        return {"devices": 1}
    return {offer.type.id: 1}
