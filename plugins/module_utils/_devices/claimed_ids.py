# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find settings that give PCI ids to vfio-pci, so that it takes such functions before their native driver.

Source: drivers/vfio/pci/vfio_pci.c, vfio_pci_fill_ids.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .pci import DEVICES

COMMAND_LINE = "proc/cmdline"
# In the order of precedence: a file hides those with its name in later directories (modprobe.d(5)).
DIRECTORIES = ("etc", "run", "usr/local/lib", "usr/lib", "lib")
ARGUMENT_NAME = "the kernel argument vfio-pci.ids"
ARGUMENT = lazy_pattern(r"(?:^|\s)\"?vfio[-_]pci\.ids=\"?([\w:,]+)")
OPTION = lazy_pattern(r"^[ \t]*options\s+vfio[-_]pci\s(?:.*\s)?ids=\"?([\w:,]+)", re.MULTILINE)


class Setting(NamedTuple):
    """Ids that are given to vfio-pci, and where."""

    source: str  # a file such as /etc/modprobe.d/vfio.conf, or the kernel argument
    ids: tuple[str, ...]  # such as 10de:1eb8, or with more parts such as the subsystem


class ModuleSettings:
    """The settings of kernel modules. Each file is read once, at the first use."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host

    @cached_property
    def files(self) -> dict[str, str]:
        """The texts of the effective files of modprobe.d by path."""
        paths: dict[str, str] = {}
        # Most distributions have /usr/lib also as /lib.
        for directory in DIRECTORIES if self._host.link("lib") is None else DIRECTORIES[:-1]:
            for name in self._host.names(f"{directory}/modprobe.d"):
                if name.endswith(".conf"):
                    paths.setdefault(name, f"{directory}/modprobe.d/{name}")
        return {path: self._host.read(path, optional=True) or "" for path in paths.values()}

    @cached_property
    def arguments(self) -> str:
        """The kernel arguments."""
        return self._host.read(COMMAND_LINE, optional=True) or ""

    @cached_property
    def _with_ids(self) -> list[Setting]:
        found = [_setting(ARGUMENT_NAME, ARGUMENT.findall(self.arguments))]
        found += [_setting(f"/{path}", OPTION.findall(text)) for path, text in self.files.items()]
        return [one for one in found if one.ids]

    def source(self, vendor_id: str, product_id: str) -> str | None:
        """Return the source of the first setting that gives these ids to vfio-pci."""
        return next((one.source for one in self._with_ids if _contains(one, vendor_id, product_id)), None)


def advice(source_of_ids: str, vendor_id: str, product_id: str) -> str:
    """Return how to give a card back to its driver, with the result of :meth:`ModuleSettings.source`."""
    removal = advice_for_boot(source_of_ids, vendor_id, product_id)
    if source_of_ids == ARGUMENT_NAME:
        return f"{removal}, and reboot"
    return f"{removal}. Then reboot, or run {_forget(vendor_id, product_id)}"


def advice_for_boot(source_of_ids: str, vendor_id: str, product_id: str) -> str:
    """Return how to remove a setting."""
    ids = f"{vendor_id}:{product_id}"
    if source_of_ids == ARGUMENT_NAME:
        return f"Remove {ids} there"
    return f"Remove {ids} there, and update the initial file system (update-initramfs -u or dracut -f)"


def advice_for(host: HostRoot, address: str) -> str:
    """Return what to do if the kernel has selected vfio-pci for a function that has no override."""
    ids = [(host.read(f"{DEVICES}/{address}/{name}", optional=True) or "")[2:] for name in ("vendor", "device")]
    if not all(ids):
        return ""
    return f". vfio-pci probably has its ids from a setting (ids=). Remove them there, and run {_forget(*ids)}"


def _forget(vendor_id: str, product_id: str) -> str:
    return f"echo '{vendor_id} {product_id}' > /sys/bus/pci/drivers/vfio-pci/remove_id"


def _setting(source_of_ids: str, lists: list[str]) -> Setting:
    return Setting(source_of_ids, tuple(one for entries in lists for one in entries.split(",") if one))


def _contains(setting: Setting, vendor_id: str, product_id: str) -> bool:
    given = [one.lower().split(":") for one in setting.ids]
    return any([part.zfill(4) for part in parts[:2]] == [vendor_id, product_id] for parts in given)
