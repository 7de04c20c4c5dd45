# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check every name that may become a part of a path.

Each function returns the name in the kernel's spelling, or raises ``ValueError`` with one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Callable, TypeVar

from .patterns import lazy_pattern

Value = TypeVar("Value")

# The domain has more than four digits if a bridge creates it (drivers/pci/controller/vmd.c).
PCI_ADDRESS = lazy_pattern(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]\Z")
# PCI functions in a sysfs path; the last one belongs to the device itself.
FUNCTION_IN_PATH = lazy_pattern(r"/([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])(?=/)")
# Matches what the kernel's uuid_parse() accepts (lib/uuid.c), in the case that the kernel prints.
UUID = lazy_pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
# A kernel name of a device or type: one path component, without white space, valid UTF-8.
KERNEL_NAME = lazy_pattern(r"(?!\.{1,2}\Z)[^\s/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}\Z")
# IFNAMSIZ is 16 including the final NUL, and dev_valid_name() rejects ":" (net/core/dev.c).
INTERFACE = lazy_pattern(r"(?!\.{1,2}\Z)[^\s/:\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,15}\Z")
PCI_CLASS = lazy_pattern(r"[0-9a-f]{2}([0-9a-f]{2}){0,2}\Z")
# An attribute of a device, or of an attribute group such as nvidia/. Groups cannot be nested (fs/sysfs/group.c).
ATTRIBUTE = lazy_pattern(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9_-]{0,63})?\Z")
# The kernel creates these for every device (drivers/base/core.c, dd.c, property.c, power/sysfs.c, drivers/acpi/glue.c)
# and for every mdev (drivers/vfio/mdev/mdev_sysfs.c, drivers/iommu/iommu.c, drivers/vfio/vfio_main.c). Names of
# supplier and consumer links contain a colon.
OF_THE_KERNEL = lazy_pattern(
    "(uevent|dev|device|online|removable|driver|driver_override|subsystem|bus|modalias|power|wakeup|coredump"
    "|state_synced|waiting_for_supplier|of_node|firmware_node|(physical|software)_node[0-9]*"
    "|remove|mdev_type|mdev_supported_types|iommu|iommu_group|vfio|vfio-dev)\\Z"
)
# Rejects "..", because its target depends on links, and characters that would break a line of output.
FILE_PATH = lazy_pattern(
    r"(?!/(?:proc|sys)/)(?:/(?!\.{1,2}(?:/|\Z))[^/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,255})+\Z"
)
LONGEST_PATH = 4000
# A systemd service without its suffix (src/basic/unit-name.c): no template, unit of another kind or hidden file.
SERVICE = lazy_pattern(
    r"(?!\.)(?!.*\.(?:automount|device|mount|path|scope|service|slice|socket|swap|target|timer)\Z)"
    r"[A-Za-z0-9:_.\\-]{1,247}(?:@[A-Za-z0-9:_.\\@-]+)?\Z"
)
LONGEST_SERVICE = 247


def pci_address(text: str) -> str:
    """Check a PCI address such as ``0000:3b:00.0``; capital letters become lower case."""
    return _checked(PCI_ADDRESS, text.lower(), text, "PCI address", "0000:3b:00.0")


def uuid(text: str) -> str:
    """Check a UUID of 36 characters; capital letters become lower case, as in the kernel."""
    return _checked(UUID, text.lower(), text, "UUID", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")


def parent_name(text: str) -> str:
    """Check the name of a parent below ``/sys/class/mdev_bus``, such as ``0000:3b:00.0`` or ``mtty``."""
    return _checked(KERNEL_NAME, text, text, "name of a parent", "mtty")


def type_id(text: str) -> str:
    """Check the directory name of an mdev type, such as ``nvidia-223``."""
    return _checked(KERNEL_NAME, text, text, "mdev type", "nvidia-223")


def interface_name(text: str) -> str:
    """Check the name of a network interface, such as ``ens1f0``."""
    return _checked(INTERFACE, text, text, "name of a network interface", "ens1f0")


def pci_class(text: str) -> str:
    """Check a PCI class of 2, 4 or 6 hexadecimal digits: ``02`` is any network card, ``0302`` a 3D controller."""
    return _checked(PCI_CLASS, text.lower(), text, "PCI class", "0302")


def service_unit(text: str) -> str:
    """Check the name of a systemd service, with or without ``.service``: ``nova-compute``."""
    name = text.removesuffix(".service")
    _checked(SERVICE, name if len(name) <= LONGEST_SERVICE else "", text, "name of a systemd service", "nova-compute")
    return text


def file_path(text: str) -> str:
    """Check the absolute path of an ordinary file, such as ``/etc/nova/nova.conf.d/50-vfio-devices.conf``."""
    if FILE_PATH.match(text) and len(text.encode()) <= LONGEST_PATH:
        return text
    raise ValueError(
        f"must be the absolute path of a file outside /proc and /sys, without //, . and .. in it, without a slash at "
        f"its end and control characters, and not {text[:100]!r}"
    )


def collect(check: Callable[[Any], Value], given: Any, found: list[str]) -> Value | None:
    """Return ``check(given)``, or None for None. If ``check`` raises ``ValueError``, add its text to ``found``."""
    if given is None:
        return None
    try:
        return check(given)
    except ValueError as error:
        found.append(str(error))
        return None


def check_all(check: Callable[[str], str], texts: Iterable[str], option: str) -> list[str]:
    """Return the checked texts; raise one ``ValueError`` that names ``option`` and lists every wrong text."""
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
