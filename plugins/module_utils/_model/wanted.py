# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The requests of users, validated and in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union

from .host import VfSettings


class BindingWanted(NamedTuple):
    """The desired binding of a function."""

    driver: Optional[str]  # a driver name, None for no driver, or binding.CHOICE
    override: Optional[str] = None  # desired content of driver_override
    is_exact: bool = False  # whether driver and override must match exactly
    is_optional: bool = False  # whether the kernel may find no driver


class VfWanted(NamedTuple):
    """The desired state of one VF."""

    driver: Optional[str] = None  # driver name or keyword of the option driver
    settings: VfSettings = VfSettings()


class CardWanted(NamedTuple):
    """One entry of the option ``functions`` of sriov_pf_mode."""

    place: int  # index in the list
    label: str  # name of the entry in messages
    name: str  # value of the option pf
    pf: Optional[str]  # address or interface; None if invalid
    mode: str
    driver: Optional[str]
    num_vfs: Union[int, str, None]
    vf_driver: Optional[str]
    autoprobe: Optional[bool]
    reconfigurable: bool
    vfs: Mapping[int, VfWanted]  # by VF index
    eswitch: Optional[str]
    problems: tuple[str, ...]  # one sentence for each problem
    requested: Mapping[str, Any]  # the entry in the form of a record


class DeviceWanted(NamedTuple):
    """One entry of the option ``instances`` of mdev_instance."""

    place: int  # index in the list
    label: str  # name of the entry in messages
    types: tuple[str, ...]  # ids or names in order of preference
    uuid: Optional[str] = None
    parent: Optional[str] = None
    amount: Union[int, str] = 1  # a number or max
    numa_node: Optional[int] = None
    attributes: tuple[tuple[str, str], ...] = ()
    autostart: Optional[bool] = None
    parents: tuple[str, ...] = ()  # names of the allowed parents; set when the host is known


class VfTarget(NamedTuple):
    """The target state of one VF."""

    binding: Optional[BindingWanted] = None  # None: unchanged
    settings: VfSettings = VfSettings()


class CardTarget(NamedTuple):
    """The target state of a card. The state to roll back to has the same form."""

    binding: BindingWanted
    num_vfs: Optional[int]  # None: unchanged
    passthrough: bool = False  # whether the mode is pf
    is_max: bool = False  # as many VFs as the driver can create
    autoprobe: Optional[bool] = None  # None: unchanged
    eswitch: Optional[str] = None  # None: unchanged
    vf_binding: Optional[BindingWanted] = None  # for VFs that are not in vfs
    vfs: Mapping[int, VfTarget] = {}  # by VF index
    record: Optional[Mapping[str, Any]] = None
    rule: Optional[str] = None
    remembered: Optional[Mapping[str, Any]] = None
    moved_from: tuple[str, ...] = ()
