# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All guards: a new one is a file of this package and a line here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .._host.root import HostRoot
from .._model.uses import Unseen, Use
from . import devices, libvirt, network, open_devices, storage, vfio
from .base import Guard, Scene, user

# Those that find processes and guests: the users that facts show.
HOLDERS: tuple[Guard, ...] = (vfio, open_devices, libvirt)
# In this order; a guard knows what those before it have found.
GUARDS: tuple[Guard, ...] = (*HOLDERS, devices, storage, network)
# The guard of what the processes have open, which the others build on.
PROCESSES = "processes"


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


def observe(host: HostRoot, scene: Scene, guards: Iterable[Guard] = GUARDS) -> Seen:
    """All uses that the guards find, and what they could not see."""
    unseen: list[Unseen] = []
    for guard in guards:
        for one in guard.observe(host, scene):
            if isinstance(one, Unseen):
                unseen.append(one)
            elif not _is_known(one, scene.found):
                scene = scene._replace(found=(*scene.found, one))
    if host.hidden_processes:
        unseen.append(Unseen(PROCESSES, host.hidden_processes))
    return Seen(scene.found, tuple(dict.fromkeys(unseen)))


def _is_known(use: Use, found: tuple[Use, ...]) -> bool:
    """A guest is named once, best with its process; a process once."""
    holder = use.holder
    if holder is None:
        return False
    holders = [other.holder for other in found if other.subject == use.subject and other.holder]
    if holder.pid is None:
        return any(other.guest == holder.guest for other in holders)
    return any(other.pid == holder.pid for other in holders)
