# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Who else on the host may set the number of VFs, and would undo what is done here."""

from __future__ import annotations

import re

from .._host.root import HostRoot

# By directory the ends of file names, and what in such a file sets VFs.
SOURCES = (
    ("etc/systemd/network", (".link", ".network"), re.compile(r"^\s*(\[SR-IOV\]|SR-IOVVirtualFunctions\s*=)", re.M)),
    ("run/systemd/network", (".link", ".network"), re.compile(r"^\s*(\[SR-IOV\]|SR-IOVVirtualFunctions\s*=)", re.M)),
    ("etc/NetworkManager/system-connections", (".nmconnection",), re.compile(r"^\s*(\[sriov\]|sriov\.)", re.M)),
    ("run/NetworkManager/system-connections", (".nmconnection",), re.compile(r"^\s*(\[sriov\]|sriov\.)", re.M)),
    ("etc/netplan", (".yaml", ".yml"), re.compile(r"^\s*(virtual-function-count|embedded-switch-mode)\s*:", re.M)),
)


def observe(host: HostRoot) -> list[str]:
    """One sentence for each file of another manager that sets virtual functions."""
    sentences = []
    for directory, ends, pattern in SOURCES:
        for name in host.names(directory):
            match = pattern.search(host.read(f"{directory}/{name}") or "") if name.endswith(ends) else None
            if match:
                sentences.append(
                    f"{directory}/{name} has {match[1].strip()}: if it means a card of this call, two managers set "
                    "its virtual functions, and the last one wins"
                )
    return sentences
