# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What users ask for, checked and in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union

from .host import VfSettings


class BindingWanted(NamedTuple):
    """To what a function is to be bound."""

    driver: Optional[str]  # a name, None for no driver, or binding.CHOICE
    override: Optional[str] = None  # what driver_override should hold
    is_exact: bool = False  # both must be just so
    is_optional: bool = False  # the kernel may find no driver


class VfWanted(NamedTuple):
    """What is wanted of one VF."""

    driver: Optional[str] = None  # a name or a word of the option driver
    settings: VfSettings = VfSettings()


class CardWanted(NamedTuple):
    """One entry of the option ``functions`` of sriov_pf_mode."""

    place: int  # in the list
    label: str  # what messages call it
    name: str  # the option pf as it was given
    pf: Optional[str]  # address or interface; None if it is neither
    mode: str
    driver: Optional[str]
    num_vfs: Union[int, str, None]
    vf_driver: Optional[str]
    autoprobe: Optional[bool]
    reconfigurable: bool
    vfs: Mapping[int, VfWanted]  # by index of the VF
    eswitch: Optional[str]
    problems: tuple[str, ...]  # a sentence for each thing that is wrong
    requested: Mapping[str, Any]  # the entry as a record keeps it


class DeviceWanted(NamedTuple):
    """One entry of the option ``instances`` of mdev_instance."""

    place: int  # in the list
    label: str  # what messages call it
    types: tuple[str, ...]  # ids or names, the preferred one first
    uuid: Optional[str] = None
    parent: Optional[str] = None
    amount: Union[int, str] = 1  # a number or max
    numa_node: Optional[int] = None
    attributes: tuple[tuple[str, str], ...] = ()
    autostart: Optional[bool] = None
    parents: tuple[str, ...] = ()  # the names of those that it may mean, once the host is known


class VfTarget(NamedTuple):
    """How one VF is to be."""

    binding: Optional[BindingWanted] = None  # None: whatever it is
    settings: VfSettings = VfSettings()


class CardTarget(NamedTuple):
    """How a card is to be; the way back has the same form."""

    binding: BindingWanted
    num_vfs: Optional[int]  # None: whatever there is
    passthrough: bool = False  # mode pf
    is_max: bool = False  # as many VFs as the driver can make
    autoprobe: Optional[bool] = None  # None: as it is
    eswitch: Optional[str] = None  # None: as it is
    vf_binding: Optional[BindingWanted] = None  # of the VFs that vfs does not name
    vfs: Mapping[int, VfTarget] = {}  # by index
    record: Optional[Mapping[str, Any]] = None
    rule: Optional[str] = None
    remembered: Optional[Mapping[str, Any]] = None
    moved_from: tuple[str, ...] = ()
