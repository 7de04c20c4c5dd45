# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The parameters of a module call besides the module options."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

from .._host.root import HostRoot


class Call(NamedTuple):
    """``budget`` is the time in seconds after which the module stops; ``process`` is the id of its process."""

    check_mode: bool
    budget: Optional[float] = None
    process: int = 0
    # Returns the host for a root and a timeout in seconds.
    open: Callable[[str, float], HostRoot] = HostRoot
