# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The guards that find processes and guests, which are the users in facts.

Jobs import this file only where they need users, because Ansible compiles each import again in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._host.root import HostRoot
from .._model.uses import Unseen, Use
from . import containers, kubernetes, libvirt, open_devices, proxmox, vfio
from .base import PROCESSES, Guard, Scene, Seen
from .processes import hidden_processes

USER_GUARDS: tuple[Guard, ...] = (vfio, open_devices, libvirt, proxmox, containers, kubernetes)


def observe(host: HostRoot, scene: Scene, guards: Iterable[Guard] = USER_GUARDS) -> Seen:
    """Return all uses and blind spots of the guards."""
    unseen: list[Unseen] = []
    for guard in guards:
        with host.collecting() as unread:
            for one in guard.observe(host, scene):
                if isinstance(one, Unseen):
                    unseen.append(one)
                elif not _is_known(one, scene.found):
                    scene = scene._replace(found=(*scene.found, one))
        unseen += _of_files(guard.NAME, unread, unseen)
    hidden = hidden_processes(host)
    if hidden:
        unseen.append(Unseen(PROCESSES, hidden))
    return Seen(scene.found, tuple(dict.fromkeys(unseen)))


def _of_files(guard: str, unread: Mapping[str, str], known: Sequence[Unseen]) -> list[Unseen]:
    """Return a blind spot if files of a guard could not be read and it has not reported them: they may name cards."""
    new = [path for path in unread if not any(f"/{path} " in one.sentence for one in known)]
    if not new:
        return []
    path, reason = new[0], unread[new[0]].replace(f" {new[0]}:", f" /{new[0]}:")
    more = f" (and {len(new) - 1} more files)" if len(new) > 1 else ""
    return [Unseen(guard, f"{reason}{more}" if f"/{path}" in reason else f"/{path} was not read{more}: {reason}")]


def _is_known(use: Use, found: tuple[Use, ...]) -> bool:
    """Return whether the process or guest is already known for the subject; a guest counts once, with its process."""
    holder = use.holder
    if holder is None:
        return False
    holders = [other.holder for other in found if other.subject == use.subject and other.holder]
    if holder.pid is None:
        return any(other.guest == holder.guest for other in holders)
    return any(other.pid == holder.pid for other in holders)
