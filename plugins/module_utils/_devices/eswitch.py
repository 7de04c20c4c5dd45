# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and set the mode of a network card's embedded switch with ``devlink``."""

from __future__ import annotations

from .._core import json_text
from .._core.text import printable
from .._host.root import HostError, HostRoot

PROGRAM = "devlink"


def observe(host: HostRoot, address: str) -> str:
    """Return ``legacy`` or ``switchdev``; raise HostError if the card does not report a mode."""
    text = host.run(PROGRAM, ["-j", "dev", "eswitch", "show", f"pci/{address}"])
    try:
        return printable(str(json_text.load(text)["dev"][f"pci/{address}"]["mode"]), "")
    except (ValueError, TypeError, KeyError) as error:
        raise HostError(f"{PROGRAM} printed unknown output for {address}: {text[:80]!r}", PROGRAM) from error


def apply(host: HostRoot, address: str, mode: str) -> None:
    """Set the mode if it differs, and read it back; raise HostError on failure."""
    if observe(host, address) == mode:
        return
    host.run(PROGRAM, ["dev", "eswitch", "set", f"pci/{address}", "mode", mode])
    found = observe(host, address)
    if found != mode:
        raise HostError(f"the switch of {address} is in mode {found}, although the mode {mode} was set", PROGRAM)
