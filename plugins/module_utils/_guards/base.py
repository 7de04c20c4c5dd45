# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The interface of guards: their input and their results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol, Union

from .._devices.pci import PciFunction
from .._host.root import HostRoot
from .._model.host import Device
from .._model.uses import Holder, Unseen, Use
from .processes import Processes

# Name of the scan of open device files, on which the guards build.
PROCESSES = "processes"
# Guards of guests that may be only configured. The boot program accepts their blind spots, as no guest runs yet.
CONFIGURED = ("libvirt", "proxmox", "containers")
# The guards whose blind spots an operator may accept.
NAMES = (
    PROCESSES,
    "vfio",
    "open_devices",
    "libvirt",
    "proxmox",
    "containers",
    "kubernetes",
    "devices",
    "storage",
    "network",
)
# The argument spec of the module option.
ACCEPT_UNSEEN = {"type": "list", "elements": "str", "choices": list(NAMES), "default": []}


class Scene(NamedTuple):
    """The input of guards. They may also report uses of other subjects than those asked for."""

    functions: dict[str, PciFunction]
    devices: Sequence[Device]  # mediated devices and vGPUs
    processes: Processes  # read once for all guards
    asked: frozenset[str] = frozenset()  # addresses of the functions that a plan may change; empty means all
    connection: tuple[str, ...] = ()  # addresses of both ends of the connection of this run
    configured: bool = True  # include guests that do not run; checks during the work omit them
    found: tuple[Use, ...] = ()  # uses that earlier guards have found


class Guard(Protocol):
    """A module of this package with these two names."""

    NAME: str

    def observe(self, host: HostRoot, scene: Scene) -> Iterable[Union[Use, Unseen]]:
        """Yield the uses that this guard finds."""


def user(holder: Holder) -> dict[str, Any]:
    """Return a process or guest in the form of facts and results."""
    return {
        "pid": holder.pid,
        "command": holder.command,
        "domain": holder.guest,
        "running": holder.running,
        "device_file": holder.device_file,
    }


class Seen(NamedTuple):
    """The uses that guards have found, and what they could not check."""

    uses: tuple[Use, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    def by_subject(self) -> dict[str, list[Use]]:
        """Return the uses by address or UUID."""
        found: dict[str, list[Use]] = {}
        for use in self.uses:
            found.setdefault(use.subject, []).append(use)
        return found

    def users(self) -> dict[str, list[dict[str, Any]]]:
        """Return processes and guests by address or UUID, in the form of facts."""
        users: dict[str, list[dict[str, Any]]] = {}
        for use in self.uses:
            if use.holder:
                users.setdefault(use.subject, []).append(user(use.holder))
        return users
