# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What a cloud is: a module with the names of ``Cloud``, and a line in ``every``.

Cards are those of a resolved plan. All functions are pure, and say what cannot be in sentences without a subject,
which the caller begins with the profile and the card.
"""

from __future__ import annotations

from typing import Any, Protocol

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.kinds import Option
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan


class Cloud(Protocol):
    """Who hands the devices of a card to guests: the ``owner`` of its profile."""

    # The value of ``owner`` in a profile.
    OWNER: str
    # The name of the cloud's way to describe cards in Placement, a value of the option ``shape``.
    SHAPE: str
    # The key of the name ``OWNER`` in a profile, as an entry of ``schema.PROFILE``; empty without such a key.
    PROFILE_PART: Option
    # How many vGPUs are made where the profile does not say: ``max``, or ``0`` where the cloud makes them itself.
    DEFAULT_COUNT: str
    # Whether the cloud makes mediated devices for its guests, so that those that can be made count too.
    MAKES_MDEVS: bool
    # Whether the cloud hands out whole cards that have neither ``mode`` nor ``vgpu``.
    TAKES_UNTOUCHED_CARDS: bool

    def check(self, profile: Any) -> list[str]:
        """What the cloud cannot do of a profile, as ``check.parse`` returns it, whatever the host."""

    def check_card(self, card: Card) -> list[str]:
        """What the cloud cannot do of a card that has its plan."""

    def check_host(self, cards: list[Card]) -> list[str]:
        """What the cloud cannot do of all its cards of a host together; each sentence names its card."""

    def settings(self, plan: Plan, options: Any) -> tuple[str, list[str]]:
        """The text of the service's settings file, empty where there is nothing to set, and what cannot be.

        ``options`` are those of the cloud's filter, checked. Sentences name their cards.
        """

    def why_no_provider(self, card: Card, options: Any) -> str | None:
        """Why the card cannot be in Placement in the cloud's shape, or None."""

    def providers(self, card: Card, options: Any) -> tuple[list[Any], list[str]]:
        """The card as providers for placement_inventory in the cloud's shape, and what cannot be.

        ``options`` are those of ``tree.providers``; ``drain`` says whether this card is drained.
        """

    def reserved_names(self, card: Card, root: str) -> list[str]:
        """Names of providers that the service makes itself and that are not listed by ``providers``."""

    def extra_specs(self, card: Card) -> dict[str, str]:
        """The extra specs of a flavor whose guests get a device of the card; empty where no flavor can ask for it."""
