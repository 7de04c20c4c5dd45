# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the file that a path means in a container. The kernel would follow an absolute link below the host's root."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .._host.root import HostRoot
from . import kolla

# As in the kernel (include/linux/namei.h, MAXSYMLINKS).
MOST_LINKS = 40


class Container(NamedTuple):
    """The root directory of a running container, or None, and the directory that kolla-ansible mounts, or None."""

    host: HostRoot
    top: Optional[str]
    mounted: Optional[str]

    def place(self, path: str) -> str | None:
        """Return the path on the host without symbolic links, relative to its root; None if it is not visible."""
        words = path.split("/")
        done: list[str] = []
        links = 0
        while words:
            word = words.pop(0)
            if word in ("", ".", ".."):
                done = done[:-1] if word == ".." else done
                continue
            place = self._mapped([*done, word])
            target = None if place is None else self.host.link(place)
            if target is None:
                done.append(word)
                continue
            links += 1
            if links > MOST_LINKS:
                return None
            done = [] if target.startswith("/") else done
            words = [*target.split("/"), *words]
        return self._mapped(done)

    def _mapped(self, words: list[str]) -> str | None:
        path = "/" + "/".join(words)
        if self.mounted is not None and f"{path}/".startswith(kolla.IN_CONTAINER):
            return f"{self.mounted}/{path[len(kolla.IN_CONTAINER) :]}".rstrip("/")
        return None if self.top is None else f"{self.top}{path[1:]}"
