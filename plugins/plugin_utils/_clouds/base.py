# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The interface of a cloud: a module with the names of ``Cloud``, and a line in ``registry``.

Cards are those of a resolved plan. All functions are pure. They return problems as sentences without a subject; the
caller adds profile and card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import Option


class Provider(TypedDict, total=False):
    """A provider for placement_inventory; ``name`` is always present."""

    name: str
    parent: str
    uuid: str
    optional: bool
    drain: bool
    traits: Sequence[str]
    inventories: Mapping[str, Mapping[str, int]]
    # The names of all cards of the host, on its root provider.
    cards: list[str]
    # The UUID of the root below which the host was published last, on its root provider.
    former_root: str
    # The addresses on which nova may have mediated devices, on its root provider.
    mdev_parents: list[str]


class _Options(TypedDict):
    root: str
    # The shape of all providers, or None for that of each card's owner.
    shape: str | None
    # ``exact`` or ``add``
    traits_mode: str | None
    # Whether cyborg-agent runs on the host.
    cyborg_agent: bool
    cyborg_host: str | None
    exact_names: bool
    root_optional: bool
    # Whether cards whose devices do not exist yet get providers too.
    preview: bool


class ProviderOptions(_Options):
    """The validated options of the filter placement_tree for one card."""

    # Whether the card is drained.
    drain: bool


class TreeOptions(_Options):
    """The validated options of the filter placement_tree."""

    # Whether all cards are drained, or the names of the drained ones.
    drain: bool | list[str]


class Cloud(Protocol):
    """A service that assigns the devices of a card to guests: the ``owner`` of a profile."""

    # The value of ``owner`` in a profile.
    OWNER: str
    # The cloud's shape of providers in Placement: a value of the option ``shape``.
    SHAPE: str
    # The schema of the key ``OWNER`` in a profile, as an entry of ``schema.PROFILE``; empty without such a key.
    PROFILE_PART: Option
    # The default number of vGPUs: ``max``, or ``0`` if the cloud creates them itself.
    DEFAULT_COUNT: str
    # Whether the cloud creates mediated devices for its guests, so that possible devices count too.
    MAKES_MDEVS: bool
    # Whether the cloud assigns whole cards that have neither ``mode`` nor ``vgpu``.
    TAKES_UNTOUCHED_CARDS: bool

    def check(self, profile: Profile) -> list[str]:
        """Return problems of a profile that do not depend on the host."""

    def check_card(self, card: Card) -> list[str]:
        """Return problems of a planned card."""

    def check_host(self, cards: list[Card]) -> list[str]:
        """Return problems of all cards of a host together; each sentence names its card."""

    def why_no_provider(self, card: Card, options: ProviderOptions) -> str | None:
        """Return why the card cannot be in Placement in the cloud's shape, or None."""

    def providers(self, card: Card, options: ProviderOptions) -> tuple[list[Provider], list[str]]:
        """Return the card as providers for placement_inventory in the cloud's shape, and the problems."""

    def reserved_names(self, card: Card, root: str) -> list[str]:
        """Return names of providers that the service creates and that ``providers`` does not return."""

    def extra_specs(self, card: Card) -> dict[str, str]:
        """Return the extra specs of a flavor with a device of the card; empty if no flavor can request it."""
