# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Match vGPU types to GPU instances of MIG, and compute how many fit.

Type names contain the number of compute slices and the framebuffer in GB (NVIDIA vGPU user guide, "MIG-backed vGPU"):
A100-1-5C needs the profile 1g.5gb. All vGPUs of a GPU instance have one size. If no profile has exactly this size, the
next larger one takes as many vGPUs as fit into its memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

from .._core.patterns import lazy_pattern

TYPE = lazy_pattern(r"-(\d{1,2})-(\d{1,4})([A-Z]+)\Z", re.ASCII)
PROFILE = lazy_pattern(r"(\d{1,2})g\.(\d{1,4})gb(\+\w+)?\Z", re.ASCII)
# Suffixes of types and profiles with media engines.
MEDIA_TYPE, MEDIA_PROFILE = "ME", "+me"


def is_mig_backed(type_name: str | None) -> bool:
    """Return whether a type needs a GPU instance, according to its name."""
    return bool(TYPE.search(type_name or ""))


class GpuInstances(NamedTuple):
    """The profile names of a GPU, and the profile of each of its GPU instances."""

    profiles: tuple[str, ...]
    instances: tuple[str, ...]


def capacities(type_name: str | None, gpu: GpuInstances) -> dict[str, int]:
    """Return by profile how many vGPUs of a type fit on one GPU instance; empty for a time-sliced type."""
    kind = TYPE.search(type_name or "")
    if kind is None:
        return {}
    slices, size, has_media = int(kind[1]), int(kind[2]), kind[3].endswith(MEDIA_TYPE)
    sizes = {}
    for name in (*gpu.profiles, *gpu.instances):
        profile = PROFILE.match(name)
        if profile and int(profile[1]) == slices and (profile[3] == MEDIA_PROFILE) == has_media:
            sizes[name] = int(profile[2])
    fitting = [one for one in sizes.values() if one >= size]
    return {name: one // size for name, one in sizes.items() if fitting and one == min(fitting)}


def are_held(types: Iterable[Optional[str]], gpu: GpuInstances) -> bool:
    """Return whether the GPU instances hold vGPUs of all these type names; None is an unknown type."""
    spaces: list[list[str]] = [[] for _instance in gpu.instances]
    for one in types:
        place = _place(one, spaces, gpu)
        if place is None:
            return False
        spaces[place].append(one or "")
    return True


def room(type_name: str | None, others: Iterable[Optional[str]], gpu: GpuInstances) -> int:
    """Return how many more vGPUs of a type fit next to ``others``, which are type names."""
    spaces: list[list[str]] = [[] for _instance in gpu.instances]
    for other in others:
        place = _place(other, spaces, gpu)
        if place is not None:
            spaces[place].append(other or "")
    number = 0
    while (place := _place(type_name, spaces, gpu)) is not None:
        spaces[place].append(type_name or "")
        number += 1
    return number


def _place(type_name: str | None, spaces: Sequence[Sequence[str]], gpu: GpuInstances) -> int | None:
    """Return the index of the instance for the next vGPU: first one with vGPUs of its size, then an empty one."""
    most = capacities(type_name, gpu)
    free = [
        (not space, place)
        for place, (profile, space) in enumerate(zip(gpu.instances, spaces))
        if len(space) < most.get(profile, 0) and all(_size(one) == _size(type_name) for one in space)
    ]
    return min(free)[1] if free else None


def _size(type_name: str | None) -> str | None:
    kind = TYPE.search(type_name or "")
    return kind[2] if kind else None
