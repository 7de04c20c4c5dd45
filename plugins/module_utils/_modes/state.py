# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What sriov_pf_mode knows of a host, and what it plans for one card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .._devices.pci import PciFunction
from .._guards.base import Seen
from .._model.host import Card
from .._model.wanted import CardTarget
from .._model.work import CardStep


class State(NamedTuple):
    """A host as far as the modes of cards are concerned."""

    names: Mapping[str, Optional[str]]  # by option pf the address of a function
    functions: Mapping[str, PciFunction]
    virtual: Mapping[str, Optional[str]]  # by address of a VF its card, None if the VF is being removed
    drivers: list[str]
    has_program: bool  # the one that makes the VFs of NVIDIA's GPUs
    programs: Mapping[str, bool]  # of networks, by name
    managers: list[str]  # a sentence for each other manager of VFs
    silent: Mapping[str, str]  # by card why it did not answer
    cards: Mapping[str, Card] = {}  # by address those that are meant
    seen: Seen = Seen()  # not read yet

    @property
    def leaving(self) -> list[str]:
        """The VFs whose removal waits for their users."""
        return [address for address, card in self.virtual.items() if not card]


class Planned(NamedTuple):
    """The plan for one card."""

    place: int  # of its entry in the option functions
    name: str
    mode: str
    card: Card
    target: CardTarget
    steps: list[CardStep]
    busy: list[str]  # why there are no steps, a sentence each
    unusable: tuple[str, ...] = ()  # of a card that needs no change: why no guest can use it as it is
