# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The nouns of this package: providers as Placement has them and as they are desired, and the steps between both.

They are dictionaries with named fields, because most of them come from JSON or become JSON.
"""

from __future__ import annotations

from typing import Any, Optional, TypedDict


class Inventory(TypedDict):
    """How much of one resource class a provider offers."""

    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float


Inventories = dict[str, Inventory]  # by resource class

# A provider in a difference: JSON of the result, without the details that were not read.
Shown = dict[str, Any]


class PlanOptions(TypedDict):
    """The options of placement_inventory that a plan and its execution depend on."""

    state: str
    traits_mode: Optional[str]
    drain: bool
    purge: bool
    scope: list[str]
    create_roots: bool
    check_usages: bool
    tries: int
    check_mode: bool


class Identity(TypedDict):
    """Which provider, and where it is; ``parent`` and ``root`` are UUIDs."""

    uuid: str
    name: str
    parent: Optional[str]
    root: str


class Listed(Identity):
    """A provider as a list of Placement has it; ``generation`` grows with each write to it."""

    generation: int


class Provider(Listed):
    """A provider with its details, each None if it was not read; ``usages`` is the used amount by resource class."""

    inventories: Optional[Inventories]
    traits: Optional[list[str]]
    usages: Optional[dict[str, int]]


class ProviderToRemove(Provider):
    """A provider that goes; ``item`` is its place in the option ``providers``, None if it is not listed there."""

    item: Optional[int]
    ours: bool


class State(TypedDict):
    """What Placement has, as far as a plan looks at it."""

    providers: dict[str, Provider]  # by UUID
    known_traits: set[str]
    known_classes: set[str]
    marked: set[str]  # UUIDs of our own providers in the trees with providers that are not listed
    anywhere: list[Listed]  # all our own providers, if a host is published for the first time
    roots: list[str]  # names of all roots, if one of those that are desired is missing


class Entry(TypedDict):
    """One item of the option ``providers``, checked; what was omitted is None."""

    item: int  # its place in the option
    name: Optional[str]
    uuid: Optional[str]
    parent: Optional[str]  # a name or a UUID
    above: Optional[int]  # the item of the parent, if that is listed too
    inventories: Optional[Inventories]
    traits: Optional[list[str]]
    optional: bool
    drain: Optional[bool]
    cards: Optional[set[str]]  # PCI addresses in small letters


class Node(Identity):
    """A desired provider at its place in the tree; ``provider`` is what Placement has there."""

    item: Optional[int]
    inventories: Optional[Inventories]
    traits: Optional[list[str]]
    drain: bool
    cards: Optional[set[str]]
    provider: Optional[Provider]
    parent_name: Optional[str]
    root_name: str
    depth: int  # providers above it
    ours: bool


class Stale(Node):
    """A provider to drain or to remove, because its card is missing or is offered by ``successor`` as well."""

    card: str
    successor: Optional[str]


class Kept(Identity):
    """A provider that is already as desired."""

    item: Optional[int]


class Step(Kept):
    """One provider to create, to update or to remove; traits and inventories are None if they are not written."""

    action: str  # create, update, remove
    depth: int
    generation: int
    traits: Optional[list[str]]
    inventories: Optional[Inventories]
    former: Optional[str]  # the name before, of a provider that gets another one
    before: Optional[Shown]
    after: Optional[Shown]
    warnings: list[str]
    node: Optional[Node]  # to plan it again; None of a removal


class Attempt(Step):
    """A step that was begun, or could not be; ``actual`` is what Placement has after it."""

    error: Optional[str]
    writes: int
    unsure: bool  # the last write may have been carried out
    actual: Optional[Shown]


class Plan(TypedDict):
    """What is to be written, in this order, and what is only reported."""

    classes: list[str]
    traits: list[str]
    removals: list[Step]  # children first
    steps: list[Step]  # parents first
    kept: list[Kept]
    missing: list[str]  # names
    unexpected: list[Identity]
    warnings: list[str]
