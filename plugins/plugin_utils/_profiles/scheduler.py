# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check the key ``vgpu_scheduler`` of a profile: whether a GPU supports the scheduler, and whether it uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._frameworks import vgpu_scheduler
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.attributes import VGPU_PARAMS
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.capacity import ONE_SIZE
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import is_mig_backed
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.vgpu_scheduler import BEST_EFFORT, FIXED_SHARE
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import host
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import is_nvidia_gpu
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile, Scheduler
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import check, offered_types, schema, type_choice

# M10, M60, M6: the GPUs with vGPUs of the architecture Maxwell.
MAXWELL = ("13bd", "13f2", "13f3")
LIMITER = "frame_rate_limiter=1"


def parse(profile: Mapping[str, Any], found: list[str]) -> Scheduler | None:
    """Return the scheduler of a profile in one form, or None. Add sentences about errors to ``found``."""
    given = profile.get("vgpu_scheduler")
    if given is None:
        return None
    wrong = check.wrong(given, schema.SCHEDULER, "vgpu_scheduler.")
    problems = [*wrong.values(), *check.missing(given, wrong, schema.SCHEDULER, "vgpu_scheduler")]
    length = given.get("time_slice_ms")
    if not problems and length is not None:
        if not 1 <= length <= vgpu_scheduler.MOST_SLICE:
            problems.append(
                f"vgpu_scheduler.time_slice_ms {length} must be from 1 to {vgpu_scheduler.MOST_SLICE}. Remove it for "
                "the default of the driver"
            )
        elif given["policy"] == BEST_EFFORT:
            problems.append(
                f"vgpu_scheduler.time_slice_ms is only for equal_share and fixed_share. Remove it from {BEST_EFFORT}"
            )
    if not profile.get("vgpu"):
        problems.append("vgpu_scheduler requires vgpu. Remove vgpu_scheduler")
    found += problems
    return None if problems else {"policy": given["policy"], "time_slice_ms": length}


def problems(wanted: Scheduler, profile: Profile, card: Card, subject: Subject) -> list[str]:
    """Return a sentence for each rule of the driver that a declared scheduler breaks on a card."""
    if not is_nvidia_gpu(card):
        return ["vgpu_scheduler is only for NVIDIA GPUs. Remove it from the profile"]
    if wanted["policy"] == BEST_EFFORT:
        return []
    policy, found = wanted["policy"], []
    if card["product_id"] in MAXWELL:
        found.append(f"vgpu_scheduler: GPUs of the architecture Maxwell only support {BEST_EFFORT}. Set that policy")
    choices = [type_choice.choose(share["types"], subject) for share in profile["shares"]]
    chosen = [offered for offered in choices if offered]
    on_mig = [offered["name"] for offered in chosen if is_mig_backed(offered["name"])]
    if on_mig or (profile["mig"] and profile["mig"]["enabled"]):
        found.append(
            f"vgpu_scheduler: {policy} is for time-sliced vGPUs, and vGPUs on GPU instances of MIG have their own part "
            "of the GPU. Remove vgpu_scheduler"
        )
    rooms = offered_types.rooms_of(subject, ONE_SIZE) if len(chosen) > 1 and policy == FIXED_SHARE else None
    sizes = {rooms.framebuffer(offered["id"]) for offered in chosen} if rooms else set()
    if len(sizes) > 1:
        found.append(
            f"vgpu_scheduler: {FIXED_SHARE} is not supported for vGPUs with several framebuffer sizes on a GPU. Set "
            "policy: equal_share, or use types of one size"
        )
    limited = [
        share["label"]
        for share in profile["shares"]
        if any(LIMITER in str(one.get(VGPU_PARAMS, "")).split(",") for one in share["attributes"])
    ]
    if limited:
        found.append(
            f"vgpu_scheduler: the frame rate limiter is disabled with {policy}. Remove {LIMITER} from "
            f"{' and '.join(limited)}"
        )
    return found


def differences(wanted: Mapping[str, Scheduler], facts: Facts) -> list[str]:
    """Return sentences about GPUs whose driver was loaded with another scheduler; ``wanted`` is by address."""
    seen = {one["address"]: its for one in facts["physical_functions"] if (its := one.get("vgpu_scheduler"))}
    unknown = [address for address in wanted if address not in seen]
    wrong = [address for address in wanted if address in seen and not _is(wanted[address], seen[address])]
    found = []
    if unknown:
        found.append(
            f"{', '.join(unknown)}: vgpu_scheduler cannot be compared, because the facts have none. It is in "
            f"/{vgpu_scheduler.PARAMETERS} when the NVIDIA vGPU host driver is loaded (`modinfo nvidia`)"
        )
    if wrong:
        current = " and ".join(f"{address} has {_named(seen[address])}" for address in wrong)
        values = {address: one["registry"] for address, one in seen.items() if one["registry"]}
        values.update({address: vgpu_scheduler.encode(**one) for address, one in wanted.items()})
        line = ";".join(f"pci={address};{vgpu_scheduler.KEY}={value}" for address, value in sorted(values.items()))
        found.append(
            f"{', '.join(wrong)}: {current}, and the driver only takes another vgpu_scheduler when it is loaded. Write "
            f'`options nvidia NVreg_{vgpu_scheduler.EACH}="{line}"` to {vgpu_scheduler.OPTIONS} (and to the initramfs '
            "if it has the driver) and reboot the host"
        )
    return found


def _is(wanted: Scheduler, seen: host.Scheduler) -> bool:
    return seen["policy"] == wanted["policy"] and wanted["time_slice_ms"] in (None, seen["time_slice_ms"])


def _named(seen: host.Scheduler) -> str:
    return seen["policy"] + (f" with {seen['time_slice_ms']} ms" if seen["time_slice_ms"] else "")
