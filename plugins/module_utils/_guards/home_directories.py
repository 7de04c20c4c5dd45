# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read files in the homes of users, which may be on a server that does not answer, or does not let root read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .._core.grammar import FILE_PATH
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot, first_lines

ROOT, ABOVE = "root", "home"
PASSWD = "etc/passwd"
# Process 1 has the mounts of the host, even if this process does not.
MOUNTS, AUTOMOUNT = ("proc/1/mounts", "proc/mounts"), "autofs"
USUAL = lazy_pattern(r"root|home/[^/]+")


def homes(host: HostRoot) -> list[str]:
    """Return the homes of local users, and all homes below /home, except those that a read would mount first."""
    lines = (host.read(PASSWD, optional=True) or "").splitlines()
    found = [line.split(":")[5].strip("/") for line in lines if line.count(":") >= 6]
    others = [home for home in found if FILE_PATH.match(f"/{home}") and not USUAL.fullmatch(home)]
    # A later mount hides an earlier one at the same place.
    mounts = {words[1]: words[2] for words in map(str.split, first_lines(host, MOUNTS)) if len(words) > 2}
    if mounts.get(_mount_of(ABOVE, mounts)) == AUTOMOUNT:
        # Listing it may mount it (systemd.automount(5)).
        usual = sorted(place[1:] for place in mounts if USUAL.fullmatch(place[1:]) and place[1:] != ROOT)
    else:
        usual = [f"{ABOVE}/{name}" for name in host.names(ABOVE)]
    all_homes = [ROOT, *usual, *dict.fromkeys(others)]
    if AUTOMOUNT not in mounts.values():
        return all_homes
    return [home for home in all_homes if mounts.get(_mount_of(home, mounts)) != AUTOMOUNT]


def _mount_of(home: str, mounts: Iterable[str]) -> str:
    """Return the place of the mount that has a home."""
    return max((place for place in mounts if f"/{home}/".startswith(f"{place.rstrip('/')}/")), key=len, default="")


@contextmanager
def reading(host: HostRoot, what: str) -> Iterator[None]:
    """Add one warning if a home does not answer within the block.

    What a stopped program would use is unknown then. That is not a reason to keep all cards as they are: root often may
    not read homes on a server, and what a running program has open is found anyway.
    """
    with host.collecting(quiet=True) as unread:
        yield
    silent = next((sentence for sentence in unread.values() if "did not answer" in sentence), None)
    if silent:
        host.warn(f"{what} are unknown: {silent}")
