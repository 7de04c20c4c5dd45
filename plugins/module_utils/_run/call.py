# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""How a module is called, besides its options."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

from .._host.root import HostRoot


class Call(NamedTuple):
    """``budget`` are the seconds after which the module stops, and ``process`` is the id of its own process."""

    check_mode: bool
    budget: Optional[float] = None
    process: int = 0
    # The host of a root and a timeout in seconds.
    open: Callable[[str, float], HostRoot] = HostRoot
