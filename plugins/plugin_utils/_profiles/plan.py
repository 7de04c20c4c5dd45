# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan a host from its profiles and facts: each card with its desired state, and the lists for modules."""

from __future__ import annotations

from collections import Counter

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.every import BY_OWNER, CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.answer import refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import is_vendor_vfio, of_card, shares_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.plain import plain
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import (
    declaration,
    expression,
    groups,
    host_functions,
    mixture,
    no_vgpus,
    offers,
    partitions,
    scheduler,
    selection,
    shares,
    type_choice,
    unselected,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import facts as facts_of_host

UNREADABLE = "its maximum number of virtual functions is unreadable. Read the warnings of vfio.devices.mdev_facts"
# Null for a parent that is not a PCI function.
FROM_FACTS = ("vendor_id", "product_id", "vf_product_id", "class", "numa_node", "total_vfs")


def resolve(profiles, facts):
    """Return the plan of a host; raise ``AnsibleFilterError`` with a sentence for each conflict."""
    if expression.MISSING:
        raise AnsibleFilterError(f"vfio_profiles cannot be read. {expression.missing()}")
    try:
        profiles, facts = plain(profiles, "vfio_profiles"), plain(facts, "the facts of the host")
    except ValueError as error:
        raise AnsibleFilterError(f"resolve: {error}") from error
    refuse("resolve needs the facts that vfio.devices.mdev_facts gathers:", facts_of_host.problems(facts))
    found, problems = plan(profiles, facts)
    refuse("vfio_profiles cannot be used on this host:", problems)
    return found


def plan(profiles, facts):
    """Return the plan of the host and a sentence for each conflict; with conflicts, the plan is invalid."""
    parsed, problems = declaration.parse(profiles)
    cards = []
    result = {"cards": cards, "functions": [], "partitions": [], "instances": [], "unwanted": [], "later": []}
    shared = groups.members(facts["physical_functions"])
    subjects = selection.subjects(facts)
    selected = set()
    schedulers = {}
    for profile, subject in selection.select(parsed, subjects, problems):
        selected.add(subject["name"])
        if not profile["complete"]:
            continue
        found = []
        card = _card(profile, subject)
        cards.append(card)
        if "virtual_functions" in subject and not profile["vgpu"]:
            card["not_shareable"] = groups.why_not_shareable(subject, card["mode"], shared)
        if profile["mig"]:
            _plan_partitions(profile, subjects, card, result, found)
        if profile["function"] is not None:
            _plan_function(profile, subject, card, result, found)
        elif not profile["vgpu"]:
            card["total"] = sum(card["mig"].values()) if card["mig"] else 1
        if profile["vgpu"]:
            _plan_vgpu(profile, subject, card, result, found)
            if profile["vgpu_scheduler"]:
                wrong = scheduler.problems(profile["vgpu_scheduler"], profile, card, subject)
                found += wrong
                schedulers.update({} if wrong else {card["name"]: profile["vgpu_scheduler"]})
        found += dict.fromkeys(line for one in shares_of(card) for line in BY_OWNER[card["owner"]].check_card(one))
        problems += [of_card(card, sentence) for sentence in found]
    problems += scheduler.differences(schedulers, facts)
    planned = Counter(card["name"] for card in cards)
    for cloud in CLOUDS:
        own = [card for card in cards if card["owner"] == cloud.OWNER and planned[card["name"]] == 1]
        problems += cloud.check_host([one for card in own for one in shares_of(card)])
    result["unselected"] = unselected.of_host(subjects, selected)
    for entries in result.values():
        entries.sort(key=lambda entry: entry.get("name") or entry.get("pf") or entry["parent"])
    return result, problems


def _card(profile, subject):
    is_of_nova = profile["owner"] == nova.OWNER
    return {
        "name": subject["name"],
        "address": subject["address"],
        "profile": profile["name"],
        "owner": profile["owner"],
        **{key: subject.get(key) for key in FROM_FACTS},
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
        "count": shares.total_count(profile["shares"]),
        "total": None,
        "not_shareable": None,
        **shares.published(profile["vgpu"] if len(profile["shares"]) == 1 else profile),
        # nova offers each of these types that another file enables.
        **({"types": unselected.types_of(subject)} if subject["framework"] == "mdev" and not is_of_nova else {}),
    }


def _plan_function(profile, subject, card, result, found):
    if "total_vfs" not in subject:
        found.append("mode is only for PCI functions, and this parent is not a PCI function. Remove mode")
        return
    card["held_mode"] = host_functions.held_mode(card["mode"], subject)
    if card["mode"] == "pf":
        card["total"] = 1
    else:
        wanted = profile["num_vfs"]
        if wanted is not None:
            card["num_vfs"] = subject["total_vfs"] if wanted == "max" else int(wanted)
        if subject["total_vfs"] is None:
            # The maximum does not matter if no virtual functions are desired.
            if card["num_vfs"] != 0:
                found.append(UNREADABLE)
        elif card["num_vfs"] != 0 and not subject["total_vfs"]:
            found.append(
                "it has no SR-IOV, so it cannot have virtual functions. Enable SR-IOV in the firmware if the card "
                "supports it"
            )
        elif card["num_vfs"] and no_vgpus.are_unusable(subject.get("vf_product_id")):
            found.append("its virtual functions have the device ID 0, and no driver enables them. Use mode pf or vgpu")
        elif (card["num_vfs"] or 0) > subject["total_vfs"]:
            found.append(
                f"it supports at most {subject['total_vfs']} virtual functions, and not {card['num_vfs']}. Set "
                "num_vfs: max or a lower number"
            )
        functions = subject.get("virtual_functions", [])
        number = subject["num_vfs"] if card["num_vfs"] is None else card["num_vfs"]
        kept = host_functions.indices(profile, functions, number)
        card["nova"] = host_functions.with_functions(profile["nova"], functions)
        card["host_functions"] = [one["address"] for one in functions if one.get("index") in kept]
        with_vdpa = [one["address"] for one in functions if one.get("vdpa")]
        card.update({"vdpa_functions": with_vdpa} if with_vdpa else {})
        card["total"] = number - len([index for index in kept if index < number])
    label = f"profile {profile['name']}"
    result["functions"].append({"pf": subject["address"], **profile["function"], "label": label})


def _plan_partitions(profile, subjects, card, result, found):
    wrong = partitions.problems(profile["mig"], card, subjects)
    wrong = wrong or partitions.of_vgpus(profile["shares"], profile["mig"], subjects[card["name"]].get("mig"))
    found += wrong
    if not wrong:
        result["partitions"].append(partitions.entry(profile["mig"], card))


def _plan_vgpu(profile, subject, card, result, found):
    card["total"] = None
    reasons = [one["unreadable"] for one in (subject, *subject["parents"]) if one.get("unreadable")]
    if reasons:
        found.append(f"its state is unknown: {reasons[0]}")
        return
    vfs_to_come = card["mode"] == "vf" and (
        subject["mode"] == "pf" or (card["num_vfs"] is not None and subject["num_vfs"] != card["num_vfs"])
    )
    if vfs_to_come:
        reason = "its virtual functions do not exist yet"
        result["later"].append({"name": card["name"], "profile": card["profile"], "reason": reason})
        return
    if profile["mig"] and not partitions.is_there(profile["mig"], subject.get("mig")):
        reason = "its GPU instances are not there yet"
        result["later"].append({"name": card["name"], "profile": card["profile"], "reason": reason})
        return
    if not subject["parents"]:
        found.append(no_vgpus.why(subject))
        return
    if len(profile["shares"]) > 1:
        result["instances"] += shares.plan(profile, subject, card, found)
        return
    chosen = type_choice.choose(profile["vgpu"]["types"], subject)
    if chosen is None:
        found.append(type_choice.why_none(profile["vgpu"]["types"], subject))
        return
    device_api = shares.device_api(chosen, subject)
    card["type"] = {"id": chosen["id"], "name": chosen["name"], "device_api": device_api}
    unreadable = type_choice.why_unreadable(chosen["id"], subject)
    if unreadable:
        found.append(unreadable)
        return
    unsettable = type_choice.why_unsettable(profile["vgpu"], chosen["id"], subject)
    if unsettable:
        found.append(f"vgpu.attributes: {unsettable}")
    card["parents"] = offers.of_parents(subject, chosen["id"])
    held = offers.held_type(card["parents"], chosen["id"])
    if held:
        card["next_type"] = card["type"]
        name = next((one["name"] for one in subject["types"] if one["id"] == held), None)
        card["type"] = {"id": held, "name": name, "device_api": device_api}
    if card["count"] not in (None, "max"):
        problem = mixture.too_many({chosen["id"]: card["count"]}, subject)
        if problem:
            found.append(f"{problem}. Set count: max or a lower number")
            return
    possible = sum(parent["total"] for parent in card["parents"])
    # A cloud that creates mediated devices counts all possible devices; otherwise only existing devices count.
    takes_as_made = not BY_OWNER[card["owner"]].MAKES_MDEVS or is_vendor_vfio(card)
    as_made = takes_as_made and card["count"] != "max" and not held
    card["total"] = card["count"] if as_made else possible
    if card["count"] is None:
        result["unwanted"] += [
            {"uuid": device["uuid"], "parent": device["parent"]} if device["uuid"] else {"parent": device["parent"]}
            for device in subject["devices"]
            if device["type"] != chosen["id"]
        ]
        return
    label = f"profile {profile['name']}, {card['name']}"
    result["instances"].append(shares.instance(profile["vgpu"], chosen["id"], card, label))
