# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""List every path of a host that this collection may write, with writer and reason.

Each framework adds the files of its driver. HostRoot rejects any other path. Only the module managed_files writes paths
that an operator sets with a variable, and it replaces only files of this collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, Optional

from .._core import grammar
from .._core.patterns import lazy_pattern
from .durable_files import UNFINISHED

# Ways to write a path.
ATTRIBUTE = "attribute"  # write a value to an existing file of the kernel or a driver
FILE = "file"  # create, replace or remove an ordinary file
LINK = "link"  # create, replace or remove a symbolic link
ROLE = "file of a role"  # written by tasks of a role
VARIABLE = "variable"  # an ordinary file at a path that the operator chooses

MODES, INSTANCES, BOOT = "module sriov_pf_mode", "module mdev_instance", "module boot_restore"


class Writable(NamedTuple):
    """One entry. ``pattern`` is relative to the root; ``<name>`` in it stands for a name of :data:`NAMES`."""

    pattern: str
    how: str
    writer: str
    why: str


FUNCTION = "sys/bus/pci/devices/<address>"

PATHS = (
    Writable(f"{FUNCTION}/sriov_numvfs", ATTRIBUTE, MODES, "creates and removes the VFs of a card"),
    Writable(f"{FUNCTION}/sriov_drivers_autoprobe", ATTRIBUTE, MODES, "keeps new VFs without a driver, or not"),
    Writable(f"{FUNCTION}/driver_override", ATTRIBUTE, MODES, "names the driver of a card or VF"),
    Writable(f"{FUNCTION}/driver/unbind", ATTRIBUTE, MODES, "unbinds a card or VF from its driver"),
    Writable("sys/bus/pci/drivers_probe", ATTRIBUTE, MODES, "binds a card or VF to the driver that takes it"),
    Writable("sys/bus/pci/drivers/<driver>/bind", ATTRIBUTE, MODES, "binds a card or VF to a driver"),
    Writable(f"{FUNCTION}/sriov_admin/<vf>/profile/<share>", ATTRIBUTE, MODES, "sets what a VF gets of an Intel GPU"),
    Writable(f"{FUNCTION}/drm/<drm>/<iov>/<vf>/<gt>/<quota>", ATTRIBUTE, MODES, "sets what a VF gets of an Intel GPU"),
    Writable(f"{FUNCTION}/drm/<drm>/<iov>/pf/auto_provisioning", ATTRIBUTE, MODES, "gives new VFs equal parts again"),
    Writable("etc/vfio-devices/sriov_pf_mode/<card>.json", FILE, MODES, "records a mode for the next boot"),
    Writable("etc/vfio-devices/mdev_instance/<card>.json", FILE, INSTANCES, "records devices for the next boot"),
    Writable(
        "etc/vfio-devices/mig_layout/<card>.json", FILE, "module mig_layout", "records a layout for the next boot"
    ),
    Writable("etc/vfio-devices/vgpu_types/<model>.json", FILE, INSTANCES, "remembers the vGPU types of a full GPU"),
    Writable("run/vfio-devices/sriov_pf_mode/<card>.json", FILE, MODES, "remembers the native driver of a card"),
    Writable(
        "run/vfio-devices/sriov_drivers_autoprobe/<card>.json",
        FILE,
        MODES,
        "remembers to switch the autoprobe of VFs on again",
    ),
    Writable("run/vfio-devices/changing/<card>.json", FILE, MODES, "makes the udev rule of a card wait"),
    Writable("run/vfio-devices/daemon-reload", FILE, BOOT, "remembers that systemd has to reload its units"),
    Writable(
        "run/vfio-devices/restart/<program>.json",
        FILE,
        "module managed_files",
        "remembers processes that still have their former settings",
    ),
    Writable("run/vfio-devices/lock", FILE, "modules that change a host", "locks the host against other runs"),
    Writable("etc/udev/rules.d/90-vfio-devices-<card>.rules", FILE, MODES, "creates VFs again for a native driver"),
    Writable("etc/mdevctl.d/<parent>/<uuid>", FILE, INSTANCES, "defines an mdev for mdevctl, libvirt and nova"),
    Writable("usr/local/lib/vfio-devices-restore.pyz", FILE, BOOT, "is the program that restores a host at boot"),
    Writable("etc/systemd/system/vfio-devices-restore.service", FILE, BOOT, "starts the program at boot"),
    Writable("etc/systemd/system/vfio-devices-restore@.service", FILE, BOOT, "starts the program for one card"),
    Writable(
        "etc/systemd/system/multi-user.target.wants/vfio-devices-restore.service", LINK, BOOT, "enables the program"
    ),
    Writable("etc/udev/rules.d/90-vfio-devices-restore.rules", FILE, BOOT, "starts the program for one card"),
    Writable("etc/default/grub.d/90-vfio-devices.cfg", ROLE, "role iommu", "adds kernel arguments (GRUB)"),
    Writable("etc/kernel/cmdline", ROLE, "role iommu", "adds kernel arguments (systemd-boot): its line gets longer"),
    Writable("etc/modprobe.d/vfio-devices-nouveau.conf", ROLE, "role iommu", "blacklists nouveau"),
    Writable("etc/modules-load.d/vfio-devices.conf", ROLE, "role iommu", "loads VFIO drivers at boot"),
    Writable("etc/udev/rules.d/60-mdevctl.rules", ROLE, "role mdev", "corrects the path of mdevctl in its rule"),
    Writable("etc/vfio-devices/placement.conf", ROLE, "role placement", "records the root of the host in Placement"),
    Writable("<nova_config_path>", VARIABLE, "role nova_config", "has the nova settings"),
    Writable("<nova_config_provider_path>", VARIABLE, "role nova_config", "has the provider.yaml of nova"),
    Writable("<cyborg_config_path>", VARIABLE, "role cyborg_config", "has the Cyborg settings"),
    Writable("<report_path>", VARIABLE, "role report", "is the report, on the controller"),
    Writable("<vfio_discover_directory>", VARIABLE, "playbook discover", "has the facts, on the controller"),
    Writable("<vfio_capture_directory>", VARIABLE, "playbook capture", "has the recordings, on the controller"),
)

# By pattern: the files of drivers in which frameworks create and remove devices.
OF_FRAMEWORKS: dict[str, Writable] = {}

NAME = lazy_pattern(r"<(\w+)>")
# The grammar of each name; any other placeholder is a kernel name.
NAMES = {
    "address": grammar.PCI_ADDRESS,
    "attribute": grammar.ATTRIBUTE,
    "vf": lazy_pattern(r"vf[1-9][0-9]{0,4}\Z"),
    "drm": lazy_pattern(r"card[0-9]{1,4}\Z"),
    "iov": lazy_pattern(r"(prelim_)?iov\Z"),
    "gt": lazy_pattern(r"gt[0-9]?\Z"),
    "quota": lazy_pattern(r"(exec_quantum_ms|preempt_timeout_us|(lmem|ggtt|contexts|doorbells)_quota)\Z"),
    "share": lazy_pattern(r"(exec_quantum_ms|preempt_timeout_us|vram_quota)\Z"),
    # mdevctl also accepts capital letters.
    "uuid": lazy_pattern(grammar.UUID.pattern, re.IGNORECASE),
}


def permit(paths: Mapping[str, str]) -> None:
    """Add files of the driver of a framework; ``paths`` maps patterns to reasons."""
    OF_FRAMEWORKS.update({path: Writable(path, ATTRIBUTE, INSTANCES, why) for path, why in paths.items()})


def refusal(path: str, *how: str) -> Optional[str]:
    """Return why a path, relative to the root, must not be written in any of the ways ``how``; None if it may."""
    if any(_matches(entry.pattern, path) for entry in (*PATHS, *OF_FRAMEWORKS.values()) if entry.how in how):
        return None
    # Temporary files before their rename, or leftovers of a killed run.
    if FILE in how and _is_unfinished(path):
        return None
    return (
        f"/{path} is left alone: it is not in the list of paths that this collection writes. This is a bug in "
        "vfio.devices, report it with this message"
    )


def writer(path: str) -> Optional[str]:
    """Return who writes an ordinary file or link of the list, or None; ``path`` is relative to the root."""
    found = (entry for entry in PATHS if entry.how in (FILE, LINK, ROLE) and _matches(entry.pattern, path))
    return next((entry.writer for entry in found), None)


def _is_unfinished(path: str) -> bool:
    """Return whether a path is a temporary file in a directory of the list."""
    directory, _slash, name = path.rpartition("/")
    return (
        name.startswith(".")
        and name.endswith(UNFINISHED)
        and any(_matches(entry.pattern.rpartition("/")[0], directory) for entry in PATHS if entry.how in (FILE, LINK))
    )


def _matches(pattern: str, path: str) -> bool:
    # Few patterns need an expression, and compiling one takes long.
    if not path.startswith(pattern.partition("<")[0]):
        return False
    names, expression = _compiled(pattern)
    match = expression.match(path)
    return match is not None and all(_fits(name, text) for name, text in zip(names, match.groups()))


@cache
def _compiled(pattern: str) -> tuple[list[str], re.Pattern[str]]:
    """Return the names in a pattern, and an expression with a group for each name."""
    texts = NAME.split(pattern)
    fixed, names = [re.escape(text) for text in texts[::2]], texts[1::2]
    # A name has no slash, except for an attribute in a group.
    groups = ["(.+)" if name == "attribute" else "([^/]+)" for name in names]
    return names, re.compile("".join(map("".join, zip(fixed, [*groups, r"\Z"]))))


def _fits(name: str, text: str) -> bool:
    if name == "attribute" and any(map(grammar.OF_THE_KERNEL.match, text.split("/"))):
        return False
    return bool(NAMES.get(name, grammar.KERNEL_NAME).match(text))
