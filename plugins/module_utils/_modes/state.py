# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The observed state of a host for sriov_pf_mode, and its plan for one card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .._devices.pci import PciFunction
from .._guards.base import Seen
from .._model.host import Card
from .._model.steps import CardStep
from .._model.wanted import CardTarget


class State(NamedTuple):
    """The state of the cards of a host."""

    names: Mapping[str, Optional[str]]  # by value of the option pf: the address of the function
    functions: Mapping[str, PciFunction]
    virtual: Mapping[str, Optional[str]]  # by VF address: its card, None if the VF is being removed
    drivers: list[str]
    has_program: bool  # whether the program that creates VFs of NVIDIA GPUs exists
    programs: Mapping[str, bool]  # existing network programs by name
    managers: list[str]  # a sentence for each other manager of VFs or drivers
    silent: Mapping[str, str]  # by card: why it did not answer
    cards: Mapping[str, Card] = {}  # selected cards by address
    seen: Seen = Seen()  # empty until the uses are read

    @property
    def leaving(self) -> list[str]:
        """Return the VFs whose removal waits for users."""
        return [address for address, card in self.virtual.items() if not card]


class Planned(NamedTuple):
    place: int  # index of its entry in the option functions
    name: str
    mode: str
    card: Card
    target: CardTarget
    steps: list[CardStep]
    busy: list[str]  # a sentence for each reason why there are no steps
    unusable: tuple[str, ...] = ()  # reasons why a card that needs no change cannot be passed through
