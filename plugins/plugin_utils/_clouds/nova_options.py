# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The types of the options of the filter nova_config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class Setting(TypedDict):
    """An option of a settings file."""

    file: str
    section: str
    option: str
    value: str


class _OtherSetting(Setting):
    # Whether nova reads the file after ours.
    later: bool


class OtherSetting(_OtherSetting, total=False):
    """An option of devices in another file of nova, as service_settings_info returns it."""

    # Whether kolla-ansible replaces the value by ours.
    replaced: bool


class _Required(TypedDict):
    # The number of the nova release.
    release: int
    report_in_placement: bool
    pci_in_placement: bool


class Options(_Required, total=False):
    """The validated options."""

    # ``compute`` or ``api``
    service: str
    # The version of libvirt, or None if unknown.
    libvirt: tuple[int, ...] | None
    # Whether nova recognizes the mediated devices of this libvirt version.
    names_fit: bool
    # Whether nova may migrate guests with post-copy.
    post_copy: bool
    # The current nova configuration of this collection.
    present: str
    # The options of other files in reading order.
    others: Sequence[OtherSetting]
    # The file that enables the GPU driver of cyborg-agent, or None.
    cyborg_gpus: str | None
    # The installed version of nova, or None if unknown.
    installed: str | None
    # The options of cyborg-agent that decide about its devices, in reading order.
    cyborg_settings: Sequence[Setting]
