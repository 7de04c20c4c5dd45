# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find directories whose path has one name that is not known."""

from __future__ import annotations

from .._host.root import HostRoot


def expanded(host: HostRoot, directory: str) -> list[str]:
    """Return the directories of ``above/*/below``, where * is any name; another path as it is."""
    above, star, below = directory.partition("/*")
    return [f"{above}/{name}{below}" for name in host.names(above)] if star else [directory]
