# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All guards.

A new guard needs a file in this package, a line here or in ``user_guards``, and its name in ``base``.

Jobs import this file only where they need users, because Ansible compiles each import again in every run.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._host.root import HostRoot
from . import devices, network, storage, user_guards
from .base import Guard, Scene, Seen
from .user_guards import USER_GUARDS

# In this order: each guard can use what earlier ones have found.
GUARDS: tuple[Guard, ...] = (*USER_GUARDS, devices, storage, network)


def observe(host: HostRoot, scene: Scene, guards: Iterable[Guard] = GUARDS) -> Seen:
    """Return all uses and blind spots of the guards."""
    return user_guards.observe(host, scene, guards)
