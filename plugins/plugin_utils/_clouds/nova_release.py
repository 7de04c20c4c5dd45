# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""nova releases by number, and the first release of each feature (nova sources and release notes)."""

from __future__ import annotations

import re

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options

OLDEST = 21
NEWEST = 34
# Releases of the next two years are treated like the newest one.
LATEST = NEWEST + 4
# Release 22 has provider.yaml; sections for types exist since 21.
PROVIDER_CONFIG = 22
# Several types of mediated devices; 21 reads their sections too late (nova/compute/manager.py).
SEVERAL_TYPES = 22
SOCKET_POLICY = 23
# Virtual functions with a vDPA device have a device type of their own.
VDPA = 23
# enabled_mdev_types, [mdev_*] and mdev_class; older releases have enabled_vgpu_types and [vgpu_*].
MDEV_TYPES = 24
# Names of mediated devices that end with the parent (nova/virt/libvirt/utils.py, mdev_name2uuid); 24.2 has this too.
LONG_MDEV_NAMES = 25
# [pci] report_in_placement, and device_spec instead of passthrough_whitelist.
REPORT_IN_PLACEMENT = 26
PCI_IN_PLACEMENT = 27
# max_instances; addresses of a type also apply if it is the only type.
MAX_INSTANCES = 29
# MANAGED stands for the tags managed and live_migratable.
REMOTE_MANAGED = 25
MANAGED = 31
ONE_TIME_USE = 32
# SEVERAL_MDEVS: several mediated devices per guest, one for each resource group. VIRTUAL_PARENTS: parents below
# /sys/devices/virtual, and mediated devices of Cyborg.
SEVERAL_MDEVS = 33
VIRTUAL_PARENTS = 34

NAMES = (
    "ussuri",
    "victoria",
    "wallaby",
    "xena",
    "yoga",
    "zed",
    "antelope",
    "bobcat",
    "caracal",
    "dalmatian",
    "epoxy",
    "flamingo",
    "gazpacho",
    "hibiscus",
)
FIRST_SERIES = (27, 2023)
# The first libvirt with long names; POINT_WITH_LONG_NAMES is the first 24.x of nova that supports them.
LIBVIRT_WITH_LONG_NAMES = (7, 7)
# With an older libvirt, or QEMU before 8.2.2, nova-compute stops at live_migratable.
# libvirt reports the serial numbers of cards from here on (nova/virt/libvirt/host.py, MIN_LIBVIRT_VPD).
LIBVIRT_WITH_VPD = (7, 9)
LIBVIRT_WITH_LIVE_MIGRATABLE = (10, 0)
POINT_WITH_LONG_NAMES = (24, 2)


def number(release: object) -> int:
    """Return 34 for ``34``, ``34.0.1``, ``2026.2`` or ``hibiscus``; raise ``ValueError`` for other texts."""
    text = (release if isinstance(release, str) else numbers.shown(release)).strip().lower()
    series = re.fullmatch(r"(20[0-9]{2})\.([12])", text)
    version = re.fullmatch(r"([0-9]{2})(\.[0-9]+)*", text)
    if text in NAMES:
        return OLDEST + NAMES.index(text)
    if series:
        first, year = FIRST_SERIES
        found = first + 2 * (int(series.group(1)) - year) + int(series.group(2)) - 1
    elif version:
        found = int(version.group(1))
    else:
        raise ValueError(f"{numbers.shown(release)} is not a nova release such as {NEWEST} or 2026.2")
    if found < OLDEST:
        raise ValueError(f"nova {text} is older than {OLDEST}, the oldest supported release")
    if found > LATEST:
        raise ValueError(f"nova {text} is not released. {NEWEST} is the newest supported release")
    return found


def check_installed(options: Options) -> list[str]:
    """Return a sentence if the installed nova does not know all options of the release."""
    release, installed = options["release"], options.get("installed")
    if not installed or int(installed.partition(".")[0]) >= release:
        return []
    return [
        f"nova {installed} is installed on this host, and ignores options of nova {release}. Set "
        f"nova_config_release: {installed.partition('.')[0]}, or upgrade nova first"
    ]


def check(options: Options) -> list[str]:
    """Return a sentence for each option that the release does not support."""
    release, problems = options["release"], []
    if options["report_in_placement"] and release < REPORT_IN_PLACEMENT:
        problems.append(
            f"nova {release} does not support report_in_placement. nova {REPORT_IN_PLACEMENT} or later does"
        )
    if options["pci_in_placement"] and release < PCI_IN_PLACEMENT:
        problems.append(f"nova {release} does not support pci_in_placement. nova {PCI_IN_PLACEMENT} or later does")
    if options["pci_in_placement"] and not options["report_in_placement"]:
        problems.append(
            "pci_in_placement requires report_in_placement, otherwise the scheduler finds no device of the host. Set "
            "nova_config_report_in_placement: true"
        )
    return problems


def version(text: object, name: str) -> tuple[int, ...]:
    """Return the numbers of a version such as ``11.3.0``; raise ``ValueError`` for other texts."""
    words = (text if isinstance(text, str) else numbers.shown(text)).strip().split(".")
    if not all(re.fullmatch("[0-9]{1,6}", word) for word in words):
        raise ValueError(f"{name} must be a version such as 11.3.0, and not {numbers.shown(text)}")
    return tuple(map(int, words))


def knows_names_of(release: object, libvirt: tuple[int, ...]) -> bool:
    """Return whether a nova release recognizes the mediated devices of a libvirt version, which is a tuple."""
    if number(release) >= LONG_MDEV_NAMES or libvirt < LIBVIRT_WITH_LONG_NAMES:
        return True
    point = re.fullmatch(r"([0-9]+)\.([0-9]+)(\.[0-9]+)*", release.strip()) if isinstance(release, str) else None
    if not point:
        return False
    return (int(point[1]), int(point[2])) >= POINT_WITH_LONG_NAMES and int(point[1]) < 2000
