# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What a guard is asked with, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol, Union

from .._devices.pci import PciFunction
from .._host.root import HostRoot
from .._model.host import Device
from .._model.uses import Holder, Unseen, Use
from .processes import Processes

# The guard of what the processes have open, which the others build on.
PROCESSES = "processes"
# Guests that do not run: at boot, before anyone starts them, none loses anything.
CONFIGURED = ("libvirt", "proxmox", "containers")
# What an operator may accept not to be seen.
NAMES = (
    *(PROCESSES, "vfio", "open_devices", "libvirt", "proxmox", "containers", "kubernetes"),
    *("devices", "storage", "network"),
)
# The same as an option of a module.
ACCEPT_UNSEEN = {"type": "list", "elements": "str", "choices": list(NAMES), "default": []}


class Scene(NamedTuple):
    """What guards look at. They may report uses of other subjects than the asked ones as well."""

    functions: dict[str, PciFunction]
    devices: Sequence[Device]  # mediated devices and vGPUs
    processes: Processes  # read once for all guards
    asked: frozenset[str] = frozenset()  # addresses of the functions that a plan may touch; empty: all
    connection: tuple[str, ...] = ()  # addresses of both ends of the connection of this run
    configured: bool = True  # also guests that do not run; a look while work goes on leaves them out
    found: tuple[Use, ...] = ()  # what the guards before this one have found


class Guard(Protocol):
    """A module of this package with these two names."""

    NAME: str

    def observe(self, host: HostRoot, scene: Scene) -> Iterable[Union[Use, Unseen]]:
        """The uses that this guard finds."""


def user(holder: Holder) -> dict[str, Any]:
    """A process or guest as facts and results show it."""
    return {
        "pid": holder.pid,
        "command": holder.command,
        "domain": holder.guest,
        "running": holder.running,
        "device_file": holder.device_file,
    }


class Seen(NamedTuple):
    """What a look at the host has found."""

    uses: tuple[Use, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    def users(self) -> dict[str, list[dict[str, Any]]]:
        """By address or UUID the processes and guests, as facts show them."""
        users: dict[str, list[dict[str, Any]]] = {}
        for use in self.uses:
            if use.holder:
                users.setdefault(use.subject, []).append(user(use.holder))
        return users
