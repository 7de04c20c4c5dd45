# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of Xen guests in their configurations (xl.cfg(5)); a running guest has them by their driver, too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .referenced_devices import DEVICE, DEVICE_FILE, FILE, Guest, Reference

CONFIGURATIONS = ("etc/xen", "etc/xen/auto")
# Settings of the tools, not of guests.
OTHERS = ("xl.conf", "xend-config.sxp", "xend-pci-permissive.sxp", "xend-pci-quirks.sxp")
# A text in quotes may contain the sign of a comment.
COMMENT = lazy_pattern(r"(\"[^\"\n]*\"|'[^'\n]*')|#.*$", re.MULTILINE)
NAME = lazy_pattern(r"^[ \t]*name[ \t]*=[ \t]*[\"']([^\"'\n]+)", re.MULTILINE)
PASSED = lazy_pattern(r"^[ \t]*pci[ \t]*\+?=[ \t]*\[([^\]]*)\]", re.MULTILINE)
ADDRESS = lazy_pattern(r"[\"'](?:\w+=)?((?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.(?:[0-7*]))")


def guests(host: HostRoot) -> Iterator[Guest]:
    """Yield each configured guest with its devices."""
    for directory in CONFIGURATIONS:
        for name in host.names(directory):
            path = f"{directory}/{name}"
            text = host.read(path, optional=True) if name not in OTHERS else None
            if text:
                title = NAME.search(text)
                yield Guest(title[1] if title else name, path, False, tuple(references(text)))


def references(text: str) -> Iterator[Reference]:
    """Yield the devices in the configuration of a guest."""
    text = COMMENT.sub(lambda match: match[1] or "", text)
    for passed in PASSED.findall(text):
        # All functions of a slot are written as 01:00.*.
        yield from (Reference(DEVICE, address.removesuffix(".*")) for address in ADDRESS.findall(passed))
    yield from (Reference(FILE, path) for path in DEVICE_FILE.findall(text))
