# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The types of a profile after ``declaration.parse``: all keys are present, and each value has one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import NovaSettings

# Returns whether a card matches an expression.
Matches = Callable[[Mapping[str, Any]], bool]
# An entry of ``vfs`` with its index, or a range of indices.
VirtualFunction = Mapping[str, Any]


class Placement(TypedDict):
    """Resource class and traits of a card or type."""

    resource_class: str | None
    traits: list[str]


class Layout(TypedDict):
    """The MIG layout: the number of GPU instances by MIG profile."""

    enabled: bool
    layout: dict[str, int]
    # Whether compute instances are created too; for vGPUs, the guests create them.
    compute_instances: bool


class Scheduler(TypedDict):
    """How a GPU divides its time among vGPUs; None stands for the default of the driver."""

    policy: str
    time_slice_ms: int | None


class Share(TypedDict):
    """An entry of ``vgpu``."""

    # The name of the entry in messages.
    label: str
    # Ids and names in order of preference.
    types: list[str]
    # A number, ``max``, or None if the owner creates the devices.
    count: int | str | None
    attributes: list[Mapping[str, str]]
    autostart: bool | None
    placement: Placement
    nova: NovaSettings


class Profile(TypedDict):
    """A profile. One that is not ``complete`` lacks its invalid parts and only defines the selected cards."""

    name: str
    # None if ``select`` is the list ``names``.
    expression: Matches | None
    names: list[str]
    required: bool
    owner: str
    mode: str | None
    num_vfs: int | str | None
    driver: str | None
    vf_driver: str | None
    vfs: list[VirtualFunction] | None
    # The options of sriov_pf_mode that the profile sets, or None without a mode.
    function: Mapping[str, object] | None
    mig: Layout | None
    shares: list[Share]
    # The first share.
    vgpu: Share | None
    vgpu_scheduler: Scheduler | None
    placement: Placement
    nova: NovaSettings
    complete: bool
    # Whether the profile has no problem.
    valid: bool
