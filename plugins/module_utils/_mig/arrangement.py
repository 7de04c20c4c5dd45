# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Place GPU instances: a profile can start only at certain memory slices, and instances must not overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Optional

from .._devices.mig import GpuInstance, Profile

Placed = tuple[Profile, int]


def arrange(wanted: Sequence[Profile], occupied: Iterable[int] = ()) -> Optional[list[Placed]]:
    """Return a start for each profile outside the ``occupied`` slices, or None if not all fit."""
    # Place large profiles first, as they fit in few places. With 7 or 8 slices per GPU, all ways can be tried.
    order = sorted(wanted, key=lambda profile: (-profile.size, len(profile.starts), profile.id))
    return _place(order, frozenset(occupied))


def _place(wanted: Sequence[Profile], occupied: frozenset[int], least: int = 0) -> Optional[list[Placed]]:
    """Place the profiles; ``least`` is the first start to try, because equal profiles are interchangeable."""
    if not wanted:
        return []
    profile = wanted[0]
    for start in profile.starts:
        taken = frozenset(range(start, start + profile.size))
        if start >= least and not taken & occupied:
            next_start = start + 1 if wanted[1:2] == [profile] else 0
            rest = _place(wanted[1:], occupied | taken, next_start)
            if rest is not None:
                return [(profile, start), *rest]
    return None


def keep_and_place(
    instances: Sequence[GpuInstance], wanted: Sequence[Profile], all_stay: bool = False
) -> Optional[tuple[list[GpuInstance], list[Placed]]]:
    """Return the instances to keep and the new profiles with their starts, keeping as many as possible.

    Returns None if there is no way. With ``all_stay``, all existing instances of desired profiles are kept, up to the
    desired number.
    """
    counts = Counter(profile.id for profile in wanted)
    usable: list[GpuInstance] = []
    for instance in instances:
        if sum(other.profile_id == instance.profile_id for other in usable) < counts[instance.profile_id]:
            usable.append(instance)
    for number in range(len(usable), -1, -1):
        for stay in combinations(usable, number):
            missing = list(wanted)
            for instance in stay:
                missing.remove(next(profile for profile in missing if profile.id == instance.profile_id))
            occupied = {slot for one in stay for slot in range(one.start, one.start + one.size)}
            placed = arrange(missing, occupied)
            if placed is not None:
                return list(stay), placed
        if all_stay:
            return None
    return None


def largest_part(wanted: Sequence[Profile]) -> Counter[str]:
    """Return counts by profile name for a part of a layout that fits; profiles are added in order."""
    part: list[Profile] = []
    for profile in wanted:
        if within_limits([*part, profile]) and arrange([*part, profile]) is not None:
            part.append(profile)
    return Counter(profile.name for profile in part)


def within_limits(wanted: Sequence[Profile]) -> bool:
    """Return whether no profile is requested more often than the GPU supports."""
    return all(number <= profile.most for profile, number in Counter(wanted).items())
