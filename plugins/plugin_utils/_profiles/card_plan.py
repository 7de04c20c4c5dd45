# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan one card of a host: its desired state, and its entries in the lists for modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import has_typed_vfs, makes_mdevs
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile, Share
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import (
    host_functions,
    iommu_groups,
    mig_layouts,
    mixed_types,
    mixture,
    no_vgpus,
    offered_types,
    type_choice,
    unselected,
    used,
)

VIRTUAL_FUNCTIONS, GPU_INSTANCES = "virtual functions", "GPU instances"
UNREADABLE = "its maximum number of virtual functions is unreadable. Read the warnings of vfio.devices.mdev_facts"


def create(profile: Profile, subject: Subject, shared: iommu_groups.Groups) -> Card:
    """Return a card as far as its profile and its properties decide it; ``shared`` are the IOMMU groups of the host."""
    values = {
        "name": subject["name"],
        "address": subject["address"],
        "profile": profile["name"],
        "owner": profile["owner"],
        # Null for a parent that is not a PCI function.
        "vendor_id": subject.get("vendor_id"),
        "product_id": subject.get("product_id"),
        "vf_product_id": subject.get("vf_product_id"),
        "class": subject.get("class"),
        "numa_node": subject["numa_node"],
        "total_vfs": subject.get("total_vfs"),
        "netdevs": subject.get("netdevs", []),
        "mode": profile["mode"],
        "held_mode": None,
        "driver": profile["driver"],
        "vf_driver": profile["vf_driver"],
        "num_vfs": None,
        "virtual_functions": [function["address"] for function in subject.get("virtual_functions", [])],
        "host_functions": [],
        "mig": profile["mig"]["layout"] if profile["mig"] else None,
        "framework": subject["framework"] if profile["vgpu"] else None,
        "type": None,
        "next_type": None,
        "parents": [],
        "count": mixed_types.total_count(profile["shares"]),
        "total": None,
        "not_shareable": None,
        **mixed_types.published(profile["shares"][0] if len(profile["shares"]) == 1 else profile),
    }
    card = cast("Card", values)
    if makes_mdevs(subject) and profile["owner"] != nova.OWNER:
        # nova offers each of these types that another file enables.
        card["types"] = unselected.types_of(subject)
    if profile["owner"] == nova.OWNER:
        used.note(card, subject)
    if "virtual_functions" in subject and not profile["vgpu"]:
        card["not_shareable"] = iommu_groups.why_not_shareable(subject, card["mode"], shared)
    return card


def fill(card: Card, profile: Profile, subjects: Mapping[str, Subject], result: Plan, found: list[str]) -> None:
    """Plan the functions, GPU instances and devices of a card; add its entries to the lists of ``result``."""
    subject = subjects[card["name"]]
    if profile["mig"]:
        wrong = mig_layouts.problems(profile["mig"], card, subjects)
        wrong = wrong or mig_layouts.of_vgpus(profile["shares"], profile["mig"], subject.get("mig"))
        found += wrong
        result["partitions"] += [] if wrong else [mig_layouts.entry(profile["mig"], card, bool(profile["vgpu"]))]
    if profile["function"] is not None:
        _plan_functions(profile, profile["function"], subject, card, result, found)
    elif not profile["vgpu"]:
        card["total"] = sum(card["mig"].values()) if card["mig"] else 1
    held = [] if profile["vgpu"] else offered_types.held(subject)
    if held and subject["framework"]:
        card["held_framework"], card["held_parents"] = subject["framework"], held
    if profile["vgpu"]:
        _plan_vgpus(profile, subject, card, result, found)


def _plan_functions(
    profile: Profile,
    options: Mapping[str, object],
    subject: Subject,
    card: Card,
    result: Plan,
    found: list[str],
) -> None:
    if "total_vfs" not in subject:
        found.append("mode is only for PCI functions, and this parent is not a PCI function. Remove mode")
        return
    card["held_mode"] = host_functions.held_mode(card["mode"], subject)
    if card["mode"] == "pf":
        card["total"] = 1
    else:
        if profile["num_vfs"] is not None:
            card["num_vfs"] = subject["total_vfs"] if profile["num_vfs"] == "max" else int(profile["num_vfs"])
        problem = _why_not_possible(card["num_vfs"], subject, bool(profile["vgpu"]))
        found += [problem] if problem else []
        _plan_virtual_functions(profile, subject, card)
    result["functions"].append({"pf": subject["address"], **options, "label": f"profile {profile['name']}"})


def _why_not_possible(num_vfs: int | None, subject: Subject, has_vgpus: bool) -> str | None:
    """Return why the card cannot have this number of virtual functions; None stands for an unmanaged number."""
    if num_vfs == 0:
        # The maximum does not matter if no virtual functions are desired.
        return None
    if subject["total_vfs"] is None:
        return UNREADABLE
    if not subject["total_vfs"]:
        return (
            "the card has no SR-IOV and cannot have virtual functions. Enable SR-IOV in the firmware if the card "
            "supports it"
        )
    if num_vfs and no_vgpus.are_unusable(subject.get("vf_product_id")):
        remedy = (
            "Remove mode and num_vfs, because the vGPUs are on the card itself"
            if has_vgpus
            else "Set mode: pf without num_vfs, or replace mode and num_vfs by vgpu"
        )
        return f"its virtual functions have the device ID 0, and no driver enables them. {remedy}"
    if (num_vfs or 0) > subject["total_vfs"]:
        return (
            f"the card supports at most {subject['total_vfs']} virtual functions, and not {num_vfs}. Set "
            "num_vfs: max or a lower number"
        )
    return None


def _plan_virtual_functions(profile: Profile, subject: Subject, card: Card) -> None:
    functions = subject.get("virtual_functions", [])
    number = subject["num_vfs"] if card["num_vfs"] is None else card["num_vfs"]
    kept = host_functions.indices(profile, functions, number)
    card["nova"] = host_functions.with_functions(profile["nova"], functions)
    card["host_functions"] = [one["address"] for one in functions if one.get("index") in kept]
    with_vdpa = [one["address"] for one in functions if one.get("vdpa")]
    if with_vdpa:
        card["vdpa_functions"] = with_vdpa
    if "has_serial_number" in subject:
        card["has_serial_number"] = subject["has_serial_number"]
    card["total"] = number - len([index for index in kept if index < number])


def _plan_vgpus(profile: Profile, subject: Subject, card: Card, result: Plan, found: list[str]) -> None:
    card["total"] = None
    reasons = [one["unreadable"] for one in (subject, *subject["parents"]) if one.get("unreadable")]
    if reasons:
        found.append(f"its state is unknown: {reasons[0]}")
        return
    waits_for = _what_is_missing(profile, subject, card)
    # Parents come with the vGPU host driver, and not with GPU instances.
    if not subject["parents"] and waits_for != VIRTUAL_FUNCTIONS:
        found.append(no_vgpus.why_no_vgpus(subject))
    elif waits_for:
        reason = f"its {waits_for} do not exist yet"
        result["later"].append({"name": card["name"], "profile": card["profile"], "reason": reason})
    elif len(profile["shares"]) > 1:
        result["instances"] += mixed_types.plan(profile, subject, card, found)
    else:
        _plan_single_type(profile["shares"][0], subject, card, result, found)


def _what_is_missing(profile: Profile, subject: Subject, card: Card) -> str | None:
    """Return what this run must create before the vGPUs of the card can be planned, or None."""
    if card["mode"] == "vf" and (
        subject["mode"] == "pf" or (card["num_vfs"] is not None and subject["num_vfs"] != card["num_vfs"])
    ):
        return VIRTUAL_FUNCTIONS
    if profile["mig"] and not mig_layouts.is_there(profile["mig"], subject.get("mig")):
        return GPU_INSTANCES
    return None


def _plan_single_type(share: Share, subject: Subject, card: Card, result: Plan, found: list[str]) -> None:
    chosen = type_choice.choose(share["types"], subject)
    if chosen is None:
        found.append(type_choice.why_none(share["types"], subject))
        return
    planned_type = mixed_types.planned_type(chosen, subject)
    card["type"] = planned_type
    unreadable = type_choice.why_unreadable(chosen["id"], subject)
    if unreadable:
        found.append(unreadable)
        return
    unsettable = type_choice.why_unsettable(share, chosen["id"], subject)
    if unsettable:
        found.append(f"vgpu.attributes: {unsettable}")
    card["parents"] = offered_types.of_parents(subject, chosen["id"])
    held = offered_types.held_type(card["parents"], chosen["id"])
    if held:
        card["next_type"] = planned_type
        name = next((one["name"] for one in subject["types"] if one["id"] == held), None)
        card["type"] = {**planned_type, "id": held, "name": name}
    count = card["count"]
    if isinstance(count, int):
        problem = mixture.too_many({chosen["id"]: count}, subject)
        if problem:
            found.append(f"{problem}. Set count: max or a lower number")
            return
    card["total"] = _total(card, is_held=held is not None)
    if count is None:
        result["unwanted"] += _of_other_types(subject, chosen["id"])
        return
    label = f"profile {card['profile']}, {card['name']}"
    result["instances"].append(mixed_types.instance(share, chosen["id"], card, label))


def _total(card: Card, is_held: bool) -> int | None:
    """Return the number of devices for guests; ``is_held`` is whether guests keep devices of another type.

    A cloud that creates mediated devices counts all possible devices; otherwise only existing devices count.
    """
    takes_as_made = not BY_OWNER[card["owner"]].MAKES_MDEVS or has_typed_vfs(card)
    if takes_as_made and not isinstance(card["count"], str) and not is_held:
        return card["count"]
    return sum(parent["total"] for parent in card["parents"])


def _of_other_types(subject: Subject, type_id: str) -> list[Mapping[str, object]]:
    """Return the entries to remove devices of other types."""
    return [
        {"uuid": device["uuid"], "parent": device["parent"]} if device["uuid"] else {"parent": device["parent"]}
        for device in subject["devices"]
        if device["type"] != type_id
    ]
