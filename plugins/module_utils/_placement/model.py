# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The data types of this package: current providers, desired providers, and the steps between them.

They are typed dictionaries, because most of them are read from JSON or written as JSON.
"""

from __future__ import annotations

from typing import Any, Optional, TypedDict


class Inventory(TypedDict):
    """The amount of one resource class that a provider offers."""

    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float


Inventories = dict[str, Inventory]  # by resource class

# A provider in a diff, as in the JSON result; details that were not read are omitted.
Shown = dict[str, Any]


class PlanOptions(TypedDict):
    """The options of placement_inventory for a plan and its execution."""

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
    """The identity of a provider and its place in the tree; ``parent`` and ``root`` are UUIDs."""

    uuid: str
    name: str
    parent: Optional[str]
    root: str


class Listed(Identity):
    """A provider in a list from Placement; each write to it increases ``generation``."""

    generation: int


class Provider(Listed):
    """A provider with its details, which are None if not read; ``usages`` are amounts by resource class."""

    inventories: Optional[Inventories]
    traits: Optional[list[str]]
    usages: Optional[dict[str, int]]


class ProviderToRemove(Provider):
    """A provider to remove; ``item`` is its index in the option ``providers``, None if it is not listed."""

    item: Optional[int]
    ours: bool


class State(TypedDict):
    """The state of Placement that a plan needs."""

    providers: dict[str, Provider]  # by UUID
    known_traits: set[str]
    known_classes: set[str]
    marked: set[str]  # UUIDs of our own providers in trees that contain unlisted providers
    anywhere: list[Listed]  # all our own providers, read if a host is published for the first time
    roots: list[str]  # names of all roots, read if a desired root is missing


class Entry(TypedDict):
    """One validated item of the option ``providers``; omitted fields are None."""

    item: int  # its index in the option
    name: Optional[str]
    uuid: Optional[str]
    parent: Optional[str]  # a name or a UUID
    above: Optional[int]  # the item of the parent, if it is listed too
    inventories: Optional[Inventories]
    traits: Optional[list[str]]
    optional: bool
    drain: Optional[bool]
    cards: Optional[set[str]]  # PCI addresses in lower case
    mdev_parents: Optional[set[str]]  # the same, of the parents that nova may have
    former_root: Optional[str]  # UUID of the root below which the host of a root was published last


class Node(Identity):
    """A desired provider at its place in the tree; ``provider`` is the current one, if any."""

    item: Optional[int]
    inventories: Optional[Inventories]
    traits: Optional[list[str]]
    drain: bool
    cards: Optional[set[str]]
    provider: Optional[Provider]
    parent_name: Optional[str]
    root_name: str
    depth: int  # number of providers above it
    ours: bool


class Stale(Node):
    """A provider to drain or remove, because its card is missing or ``successor`` also offers it."""

    card: str
    successor: Optional[str]


class Kept(Identity):
    """A provider that already has the desired state."""

    item: Optional[int]


class Step(Kept):
    """One provider to create, update or remove; traits and inventories are None if they are not written."""

    action: str  # create, update, remove
    depth: int
    generation: int
    traits: Optional[list[str]]
    inventories: Optional[Inventories]
    former: Optional[str]  # previous name of a renamed provider
    before: Optional[Shown]
    after: Optional[Shown]
    warnings: list[str]
    node: Optional[Node]  # for planning it again; None for a removal


class Attempt(Step):
    """A step that was started or failed to start; ``actual`` is the state in Placement after it."""

    error: Optional[str]
    writes: int
    unsure: bool  # whether the last write may have succeeded
    actual: Optional[Shown]


class Plan(TypedDict):
    """The steps to apply in this order, and what is only reported."""

    classes: list[str]
    traits: list[str]
    removals: list[Step]  # children first
    steps: list[Step]  # parents first
    kept: list[Kept]
    missing: list[str]  # names
    unexpected: list[Identity]
    warnings: list[str]
