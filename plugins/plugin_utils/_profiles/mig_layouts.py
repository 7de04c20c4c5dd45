# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the MIG layout of a card in facts and profile."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter

from ansible_collections.vfio.devices.plugins.module_utils._core import wording
from ansible_collections.vfio.devices.plugins.module_utils._devices.mig import Profile
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import (
    GpuInstances,
    capacities,
    is_mig_backed,
    room,
)
from ansible_collections.vfio.devices.plugins.module_utils._mig.plan import expand
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import is_nvidia_gpu
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Mig, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Layout, Share

# Names of types without a number of compute slices: GRID T4-2Q, NVIDIA A40-48C.
TIME_SLICED = re.compile(r"-[0-9]{1,4}[A-Z]+[0-9]?\Z")
SHOWN = 3


def problems(wanted: Layout, card: Card, subjects: Mapping[str, Subject]) -> list[str]:
    """Return why a planned card cannot have a layout; ``subjects`` are the cards of the host by name."""
    if not is_nvidia_gpu(card):
        return ["mig is only for NVIDIA GPUs. Remove mig from the profile"]
    found: list[str] = []
    seen = subjects[card["name"]].get("mig")
    if seen and wanted["enabled"] and not seen["profiles"]:
        found.append(_unsupported(subjects, card["name"]))
    elif seen and wanted["enabled"]:
        offered = [
            Profile(one["name"], place, one["most"], one["memory_mib"], tuple(one["starts"]), one["size"])
            for place, one in enumerate(seen["profiles"])
        ]
        expand(wanted["layout"].items(), offered, found)
    return [f"mig: {sentence}" for sentence in found]


def of_vgpus(shares: Sequence[Share], wanted: Layout, seen: Mig | None) -> list[str]:
    """Return why the entries of ``vgpu`` do not fit on the declared GPU instances; types by id are not checked."""
    specs = [spec for share in shares for spec in share["types"]]
    if not seen or not wanted["enabled"]:
        return []
    if not all(map(is_mig_backed, specs)):
        return [
            f"{spec} is a time-sliced type, which needs a GPU without MIG. Set mig: false, or use a type whose name "
            "has two numbers, such as A100-1-5C"
            for spec in specs
            if TIME_SLICED.search(spec) and not is_mig_backed(spec)
        ]
    names = tuple(profile["name"] for profile in seen["profiles"])
    gpu = GpuInstances(names, tuple(Counter(wanted["layout"]).elements()))
    others: list[str] = []
    found = []
    for share in shares:
        most, kind = max(((room(spec, others, gpu), spec) for spec in share["types"]), key=itemgetter(0))
        number = share["count"] if isinstance(share["count"], int) else 1
        if number > most:
            declared = ", ".join(f"{name}: {many}" for name, many in wanted["layout"].items() if many)
            suitable = " or ".join(capacities(kind, gpu)) or "a larger profile than this GPU has"
            found.append(
                f"{number} x {kind} do not fit on the GPU instances of mig, which are {{{declared}}}. {most} would "
                f"fit. This type needs {suitable}. Change mig or count"
            )
        others += [kind] * min(number, most)
    return found


def _unsupported(subjects: Mapping[str, Subject], name: str) -> str:
    able = [other for other, one in subjects.items() if (mig := one.get("mig")) and mig["profiles"]]
    there = (
        f"GPUs of this host with MIG: {wording.shorten(able, SHOWN)}" if able else "No GPU of this host supports MIG"
    )
    return f"this GPU ({model(subjects[name])}) does not support MIG. Remove mig from the profile. {there}"


def model(subject: Subject) -> str:
    """Return the model in the names of the vGPU types of a GPU, or its vendor and product."""
    names = [offered["name"] for offered in subject["types"] if offered["name"]]
    return (names and names[0].rpartition("-")[0]) or f"{subject['vendor_id']}:{subject['product_id']}"


def is_there(wanted: Layout, seen: Mig | None) -> bool:
    """Return whether a card has its layout now, so that its vGPU types are known."""
    if seen is None:
        return not wanted["enabled"]
    instances = Counter(instance["profile"] for instance in seen["instances"])
    return seen["enabled"] == wanted["enabled"] and instances == Counter(wanted["layout"])


def entry(wanted: Layout, card: Card, has_vgpus: bool) -> dict[str, object]:
    """Return the entry for the option ``gpus`` of mig_layout; declared vGPUs are created after the layout."""
    layout = {"layout": wanted["layout"]} if wanted["enabled"] else {}
    return {
        "pf": card["address"],
        "enabled": wanted["enabled"],
        **layout,
        "compute_instances": wanted["compute_instances"],
        **({"replace_vgpus": True} if has_vgpus else {}),
        "label": f"profile {card['profile']}",
    }
