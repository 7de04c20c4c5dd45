# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The types of the data of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.card_types import Counts


class Finding(TypedDict):
    """A warning about a host, or about one of its cards."""

    # One of ``totals.LEVELS``.
    level: str
    # None if the warning is about the whole host.
    card: str | None
    # Does not name the card.
    text: str
    # None if no action is needed.
    remedy: str | None


class HostName(TypedDict):
    """The name of a host, and its place on the page."""

    name: str
    anchor: str


class Bar(TypedDict):
    """The devices of one type, or the virtual functions or whole cards, for guests."""

    name: str
    used: int
    reserved: int
    free: int
    total: int


class DescribedUser(TypedDict):
    """A guest or process that uses a device."""

    # None if it is not a guest.
    guest: str | None
    name: str
    detail: str | None


class DeviceOnCard(TypedDict):
    """A device."""

    name: str
    type: str
    # The virtual function, such as ``VF 3``.
    function: str | None
    state: str


class UsedDevice(DeviceOnCard):
    """A device in use."""

    users: list[DescribedUser]


class UnusedDevices(TypedDict):
    """Unused devices of one type and state."""

    type: str
    state: str
    names: list[str]


class TypeCounts(Counts):
    """A type of a card with the number of its devices."""

    name: str
    used: int


class ClassCounts(TypedDict):
    """The numbers of a resource class in Placement."""

    name: str
    total: int
    reserved: int
    # None if the allocations were not readable.
    used: int | None


class ClassRow(ClassCounts):
    """The numbers of a resource class of one or more providers."""

    providers: int
    # The number of devices on the host, or None if it is unknown.
    has: int | None


class MergedClass(ClassRow):
    """The numbers of a resource class of all providers."""

    free: int | None


class ProviderEntry(TypedDict):
    """A provider with its numbers."""

    name: str
    # The service that has created it.
    owner: str | None
    traits: Sequence[str]
    classes: list[ClassCounts]


class ReportedProvider(ProviderEntry):
    """A provider of a card on the page."""

    # The name without the root.
    label: str


class Description(TypedDict):
    """A card on the page, as far as facts and profile describe it."""

    name: str
    kind: str
    title: str
    model: str | None
    ids: str | None
    driver: str | None
    driver_version: str | None
    mode: str | None
    vfs: str | None
    numa_node: int | None
    labels: list[tuple[str, str]]
    profile: str | None
    users: list[DescribedUser]
    bars: list[Bar]
    # The state of each virtual function.
    functions: list[str]
    held: list[UsedDevice]
    unused: list[UnusedDevices]
    types: list[TypeCounts]


class ReportedCard(Description):
    """A card on the page."""

    providers: list[ReportedProvider]
    classes: list[MergedClass]
    findings: list[Finding]


class DescribedHost(TypedDict):
    """A host with its cards and findings."""

    name: str
    # By NUMA node and name.
    cards: list[ReportedCard]
    # The cards of each NUMA node.
    nodes: list[tuple[int | None, list[ReportedCard]]]
    # Providers without a device.
    other: list[ProviderEntry]
    # The number of guests.
    guests: int
    kernel: str | None
    findings: list[Finding]
    # The level of the worst finding, or ``ok``.
    level: str


class ReportedHost(DescribedHost):
    """A host on the page."""

    anchor: str
    groups: list[str]


class Numbers(TypedDict):
    """The numbers of the whole fleet."""

    hosts: int
    cards: int
    guests: int
    used: int
    reserved: int
    free: int
    problems: int
    drift: int
    hosts_with_findings: int


class AffectedHost(TypedDict):
    """A host with the cards that a finding is about."""

    name: str
    anchor: str
    cards: list[str]


class MergedFinding(TypedDict):
    """Findings with the same cause on several hosts and cards."""

    level: str
    # The most frequent text.
    text: str
    # The number of other texts.
    similar: int
    remedy: str | None
    # The number of findings.
    number: int
    # The number of cards.
    cards: int
    hosts: list[AffectedHost]


class TypeTotal(Bar):
    """The devices of one type on all hosts."""

    hosts: int
    cards: int


class OfferTotal(TypedDict):
    """A type that cards without such devices offer."""

    name: str
    free: int
    cards: int


class Report(TypedDict):
    """The content of the page."""

    hosts: list[ReportedHost]
    findings: list[MergedFinding]
    types: list[TypeTotal]
    offers: list[OfferTotal]
    classes: list[MergedClass]
    has_placement: bool
    has_profiles: bool
    groups: list[str]
    numbers: Numbers
