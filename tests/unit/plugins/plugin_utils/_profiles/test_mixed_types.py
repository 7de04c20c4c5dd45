# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan as profiles_plan
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection
from ansible_collections.vfio.devices.plugins.plugin_utils._report import drift

WITH_USERS = ("physical_functions", "parents", "devices", "users")
L40S, A40, T4 = "0000:84:00.0", "0000:41:00.0", "0000:3b:00.0"
NAMES = {L40S: "NVIDIA L40S-", A40: "NVIDIA A40-", T4: "GRID T4-"}


def profile(card, *types, owner="none", **changes):
    vgpu = [{"type": f"{NAMES[card]}{kind}", **({} if count is None else {"count": count})} for kind, count in types]
    mode = {} if card == T4 else {"mode": "vf", "num_vfs": "max"}
    return {"name": "mix", "select": [card], "owner": owner, "vgpu": vgpu, **mode, **changes}


def plan(host, declared, gather=WITH_USERS):
    result, problems = profiles_plan.plan([declared], host.facts(*gather))
    assert not problems
    return result


def refusals(host, declared):
    return [one.partition(": ")[2] for one in profiles_plan.plan([declared], host.facts(*WITH_USERS))[1]]


def test_each_type_has_its_own_virtual_functions(simulated):
    card = plan(simulated("l40s"), profile(L40S, ("6Q", 4), ("3Q", 8)))["cards"][0]
    small, large = card["shares"]
    assert (small["type"]["name"], small["total"], large["type"]["name"], large["total"]) == (
        *("NVIDIA L40S-3Q", 8),
        *("NVIDIA L40S-6Q", 4),
    )
    names = [parent["name"] for share in (small, large) for parent in share["parents"]]
    assert len(set(names)) == 12
    assert (card["type"], card["count"], card["total"]) == (None, 12, 12)


def test_the_order_of_types_changes_nothing(simulated):
    host, types = simulated("l40s"), (("3Q", 8), ("6Q", 4))
    first, second = (plan(host, profile(L40S, *order)) for order in (types, types[::-1]))
    assert first == second


def test_the_virtual_functions_are_those_that_the_module_takes(simulated):
    host, declared = simulated("l40s"), profile(L40S, ("3Q", 5), ("6Q", 2))
    before = plan(host, declared)
    host.converge(*before["instances"], exact=True)
    after = plan(host, declared)
    for share, then in zip(before["cards"][0]["shares"], after["cards"][0]["shares"]):
        assert [one["name"] for one in share["parents"]] == [one["name"] for one in then["parents"]]
        assert all(parent["existing"] == 1 for parent in then["parents"])
    assert not host.converge(*after["instances"], exact=True)["changed"]


def test_the_rest_for_one_type(simulated):
    shares = plan(simulated("l40s"), profile(L40S, ("6Q", 4), ("3Q", "max")))["cards"][0]["shares"]
    assert {share["type"]["name"]: share["total"] for share in shares} == {"NVIDIA L40S-6Q": 4, "NVIDIA L40S-3Q": 8}


@pytest.mark.parametrize(
    ("kind", "declared", "sentences"),
    [
        (
            "t4",
            profile(T4, ("2B", 4), ("1Q", 2)),
            [
                "GRID T4-2B (2 GB) and GRID T4-1Q (1 GB) cannot be together, because all vGPUs of this GPU must "
                "have the "
                "same framebuffer size. Write types with 2 GB, such as GRID T4-2B4, GRID T4-2A, GRID T4-2Q"
            ],
        ),
        (
            "t4",
            profile(T4, ("2B", 6), ("2Q", 4)),
            [
                "6 x GRID T4-2B and 4 x GRID T4-2Q do not fit on this card. They need 20 GB, and it has 16 GB. 4 x "
                "GRID "
                "T4-2B and 4 x GRID T4-2Q would fit"
            ],
        ),
        (
            "l40s",
            profile(L40S, ("3Q", 16), ("6Q", 4)),
            [
                "16 x NVIDIA L40S-3Q and 4 x NVIDIA L40S-6Q do not fit on this card. They need 72 GB, and it has 48 "
                "GB. "
                "8 x NVIDIA L40S-3Q and 4 x NVIDIA L40S-6Q would fit"
            ],
        ),
        (
            "l40s",
            profile(L40S, ("1Q", 20), ("1B", 20)),
            [
                "20 x NVIDIA L40S-1B and 20 x NVIDIA L40S-1Q do not fit on this card. They need 40 virtual functions, "
                "and it has 32. 16 x NVIDIA L40S-1B and 16 x NVIDIA L40S-1Q would fit"
            ],
        ),
        (
            "l40s",
            profile(L40S, ("3Q", 16), ("6Q", None)),
            [
                "16 x NVIDIA L40S-3Q and 1 x NVIDIA L40S-6Q do not fit on this card. They need 54 GB, and it has 48 "
                "GB. "
                "14 x NVIDIA L40S-3Q and 1 x NVIDIA L40S-6Q would fit"
            ],
        ),
        (
            "l40s",
            profile(L40S, ("48Q", 1), ("1Q", 1)),
            [
                "1 x NVIDIA L40S-1Q and 1 x NVIDIA L40S-48Q do not fit on this card. They need 49 GB, and it has 48 "
                "GB. 1 x NVIDIA L40S-1Q would fit"
            ],
        ),
        (
            "l40s",
            profile(L40S, ("3Q", 1), ("3Q", 2)),
            ["vgpu[0] and vgpu[1] have the same type NVIDIA L40S-3Q. Use one entry with the sum of the counts"],
        ),
        (
            "l40s",
            {**profile(L40S), "vgpu": [{"type": "1149", "count": 1}, {"type": "NVIDIA L40S-3Q", "count": 1}]},
            ["vgpu[0] and vgpu[1] have the same type 1149. Use one entry with the sum of the counts"],
        ),
        (
            "l40s",
            profile(L40S, ("3Q", None), ("6Q", "max")),
            ["vgpu[0] and vgpu[1] have no number. Set a count for all of them except one"],
        ),
        (
            "l40s",
            profile(L40S, ("3Q", 0), ("6Q", 4), owner="nova"),
            [
                "count: 0 of vgpu[0] is only for a single type, because the first guest would take the room of the "
                "others. "
                "Set the number of devices"
            ],
        ),
        (
            "t4",
            profile(T4, ("2B", 4), ("2Q", 4), owner="nova"),
            [f"nova knows one type of each parent, and {T4} also has GRID T4-2B. Use one type, or set owner: none"],
        ),
        (
            "t4",
            profile(T4, ("2B", None), ("2Q", 4), owner="cyborg"),
            [
                "cyborg-agent knows one type of each GPU. Use one type, or set owner: none",
                "remove vgpu.count, because cyborg-agent creates the devices itself and fails on a full card",
            ],
        ),
    ],
)
def test_what_cannot_be_on_one_card(simulated, kind, declared, sentences):
    assert refusals(simulated(kind), declared) == sentences


def test_a_type_that_is_repeated_hides_no_other_error(simulated):
    found = refusals(simulated("l40s"), profile(L40S, ("3Q", 16), ("6Q", 4), ("6Q", 1)))
    assert [sentence[:52] for sentence in found] == [
        "vgpu[1] and vgpu[2] have the same type NVIDIA L40S-6",
        "16 x NVIDIA L40S-3Q and 5 x NVIDIA L40S-6Q do not fi",
    ]


def test_all_that_is_wrong_is_said_at_once(simulated):
    found = refusals(simulated("l40s"), profile(L40S, ("3Q", 16), ("6Q", 4), ("1-2Q", 4), ("5Q", 1)))
    assert [sentence[:55] for sentence in found] == [
        "vgpu[2]: there is no type NVIDIA L40S-1-2Q. The card ha",
        "vgpu[3]: there is no type NVIDIA L40S-5Q. The card has ",
        "16 x NVIDIA L40S-3Q and 4 x NVIDIA L40S-6Q do not fit o",
    ]
    assert found[0].endswith(
        "A type with two numbers needs GPU instances of MIG. Set mig in the profile if the GPU supports it"
    )


@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize(
    ("kind", "card", "type_name", "attribute", "reason"),
    [
        ("l40s", L40S, "NVIDIA L40S-3Q", {"nvidia/vgpu_params": "frame_rate_limiter=0"}, None),
        ("l40s", L40S, "NVIDIA L40S-3Q", {"assign_adapter": 5}, "a vendor-specific vGPU only has nvidia/vgpu_params"),
        ("a40", A40, "NVIDIA A40-3Q", {"nvidia/vgpu_params": "frame_rate_limiter=0"}, None),
        ("a40", A40, "NVIDIA A40-3Q", {"assign_adapter": 5}, "a device of type nvidia-559 only has"),
        ("a40", A40, "NVIDIA A40-3Q", {"nvidia/vgpu_params": "x"}, "must be name=value"),
    ],
)
def test_attributes_that_a_device_cannot_have(simulated, kind, card, type_name, attribute, reason, is_list):
    entry = {"type": type_name, "count": 1, "attributes": [attribute]}
    vgpu = [entry, {"type": type_name.replace("3Q", "3A"), "count": 1}] if is_list else entry
    found = refusals(simulated(kind), {**profile(card), "vgpu": vgpu})
    assert len(found) == (reason is not None)
    assert not found or reason in found[0]


def test_what_waits_for_guests(simulated):
    host = simulated("l40s")
    host.converge({"type": "NVIDIA L40S-3Q", "parent": L40S, "count": "16"})
    for device in host.facts()["devices"][:12]:
        host.kernel.hold(device["address"])
    declared = profile(L40S, ("3Q", 8), ("3A", 8))
    card = plan(host, declared)["cards"][0]
    waiting = {share["type"]["name"]: (share["total"], share["waiting"]) for share in card["shares"]}
    # The virtual functions of guests stay in the settings, whatever the declaration.
    assert waiting == {"NVIDIA L40S-3Q": (12, 0), "NVIDIA L40S-3A": (4, 4)}
    subject = selection.subjects(host.facts(*WITH_USERS))[L40S]
    assert drift.of_card(card, subject, {}) == [
        "0 of type NVIDIA L40S-3A instead of 8",
        "16 of type NVIDIA L40S-3Q instead of 8",
    ]


def test_devices_of_unknown_users_stay_in_the_settings(simulated):
    host = simulated("a40")
    host.converge({"type": "NVIDIA A40-3Q", "parent": A40, "count": "16"})
    shares = plan(host, profile(A40, ("3Q", 8), ("6Q", 4)), gather=WITH_USERS[:-1])["cards"][0]["shares"]
    now = [parent.get("now") for share in shares for parent in share["parents"] if not parent["existing"]]
    assert now
    assert all(one["type"] == shares[0]["type"]["id"] for one in now)


def test_planning_is_fast(simulated):
    """The controller plans a fleet host by host; 8 cards with 3 types each take at most 50 ms on a quiet machine."""
    facts = simulated("l40s").facts(*WITH_USERS)
    facts = _eight(facts)
    declared = [{**profile(L40S, ("3Q", 4), ("6Q", 3), ("4Q", 2)), "select": "product_id == '26b9'"}]
    best = min(_seconds(declared, facts) for _attempt in range(3))
    assert best < 0.5, "ten times what it takes on a quiet machine"


def _eight(facts):
    parts = ("physical_functions", "parents", "devices")
    of_card = {
        part: [one for one in facts[part] if one.get("physical_function", one["address"]) == L40S] for part in parts
    }
    return {part: [_moved(one, f"0000:{number}4:") for number in range(8) for one in of_card[part]] for part in parts}


def _moved(value, text):
    if isinstance(value, dict):
        return {key: _moved(one, text) for key, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, text) for one in value]
    return value.replace("0000:84:", text) if isinstance(value, str) else value


def _seconds(declared, facts):
    start = time.process_time()
    result, problems = profiles_plan.plan(declared, facts)
    assert not problems
    assert len(result["cards"]) == 8
    return time.process_time() - start
