# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The grammar of every name that may become a part of a path.

Each function returns the name in the kernel's spelling, or raises ``ValueError`` with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Callable, TypeVar

Value = TypeVar("Value")

# The domain has four digits, or more where a bridge makes domains of its own (drivers/pci/controller/vmd.c).
PCI_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]\Z")
# A PCI function on the way to a device of sysfs; the last one is the device's own.
FUNCTION_IN_PATH = re.compile(r"/([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?=/)")
# What the kernel's uuid_parse() takes (lib/uuid.c), in the letter case that it prints.
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
# A name that the kernel gave to a device or a type: one path part, no white space, and UTF-8.
KERNEL_NAME = re.compile(r"(?!\.{1,2}\Z)[^\s/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}\Z")
# IFNAMSIZ is 16 with the NUL at the end, and dev_valid_name() refuses ":" (net/core/dev.c).
INTERFACE = re.compile(r"(?!\.{1,2}\Z)[^\s/:\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,15}\Z")
PCI_CLASS = re.compile(r"[0-9a-f]{2}([0-9a-f]{2}){0,2}\Z")
# An attribute of the device, or of a group of attributes such as nvidia/: a group in a group cannot be
# (fs/sysfs/group.c).
ATTRIBUTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9_-]{0,63})?\Z")
# The kernel makes these for every device (drivers/base/core.c, dd.c, property.c, power/sysfs.c, drivers/acpi/glue.c)
# and for every mdev (drivers/vfio/mdev/mdev_sysfs.c, drivers/iommu/iommu.c, drivers/vfio/vfio_main.c). Links to
# suppliers and consumers have a colon in their names.
OF_THE_KERNEL = re.compile(
    "(uevent|dev|device|online|removable|driver|driver_override|subsystem|bus|modalias|power|wakeup|coredump"
    "|state_synced|waiting_for_supplier|of_node|firmware_node|(physical|software)_node[0-9]*"
    "|remove|mdev_type|mdev_supported_types|iommu|iommu_group|vfio|vfio-dev)\\Z"
)
# One file name for one file: no "..", whose target depends on links, and nothing that would break a line of output.
FILE_PATH = re.compile(
    r"(?!/(?:proc|sys)/)(?:/(?!\.{1,2}(?:/|\Z))[^/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,255})+\Z"
)
LONGEST_PATH = 4000


def pci_address(text: str) -> str:
    """``0000:3b:00.0``; capital letters are taken and made small."""
    return _checked(PCI_ADDRESS, text.lower(), text, "PCI address", "0000:3b:00.0")


def uuid(text: str) -> str:
    """A UUID of 36 characters; capital letters are taken and made small, as the kernel does."""
    return _checked(UUID, text.lower(), text, "UUID", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")


def parent_name(text: str) -> str:
    """A parent device by the name that it has below ``/sys/class/mdev_bus``: ``0000:3b:00.0``, ``mtty``."""
    return _checked(KERNEL_NAME, text, text, "name of a parent", "mtty")


def type_id(text: str) -> str:
    """An mdev type by its directory's name: ``nvidia-223``."""
    return _checked(KERNEL_NAME, text, text, "mdev type", "nvidia-223")


def interface_name(text: str) -> str:
    """A network interface: ``ens1f0``."""
    return _checked(INTERFACE, text, text, "name of a network interface", "ens1f0")


def pci_class(text: str) -> str:
    """A PCI class as two, four or six hexadecimal digits: ``02`` is each network card, ``0302`` a 3D controller."""
    return _checked(PCI_CLASS, text.lower(), text, "PCI class", "0302")


def file_path(text: str) -> str:
    """The absolute path of an ordinary file: ``/etc/nova/nova.conf.d/50-vfio-devices.conf``."""
    if FILE_PATH.match(text) and len(text.encode()) <= LONGEST_PATH:
        return text
    raise ValueError(
        f"must be the absolute path of a file outside /proc and /sys, without //, . and .. in it, without a slash at "
        f"its end and control characters, and not {text[:100]!r}"
    )


def collect(check: Callable[[Any], Value], given: Any, found: list[str]) -> Value | None:
    """What ``check`` makes of a value; None, with its sentence added to ``found``, if it refuses the value."""
    if given is None:
        return None
    try:
        return check(given)
    except ValueError as error:
        found.append(str(error))
        return None


def check_all(check: Callable[[str], str], texts: Iterable[str], option: str) -> list[str]:
    """Each text in the kernel's spelling, or one ``ValueError`` that names all the wrong ones of an ``option``."""
    checked, wrong = [], []
    for text in texts:
        try:
            checked.append(check(text))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError(f"{option}: {'; '.join(wrong)}")
    return checked


def _checked(grammar: re.Pattern[str], normal: str, text: str, what: str, example: str) -> str:
    if grammar.match(normal):
        return normal
    raise ValueError(f"{text[:80]!r} is not a {what} such as {example!r}")
