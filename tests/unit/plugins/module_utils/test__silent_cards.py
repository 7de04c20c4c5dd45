# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test cards whose drivers time out, in simulated time; test__reads_mounted.py uses real time."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts

CARDS = {"t4": ("0000:3b:00.0", "0000:af:00.0"), "a40": ("0000:41:00.0", "0000:81:00.0")}
TYPES = "sys/class/mdev_bus/{}/mdev_supported_types"
ICE, MLX5 = "0000:31:00.0", "0000:98:00.0"
SLOW = 25


class Silence:
    """A simulated host, some of whose files are slow."""

    def __init__(self, host, *patterns, operation="read"):
        self.host = host
        self.before = host.facts()
        for pattern in patterns:
            host.kernel.faults.delay(pattern, SLOW, (operation,))

    def taking(self, call):
        """Return the result or the refusal of a call, and its duration in seconds."""
        begin = self.host.files.now()
        try:
            result = call()
        except Refused as refused:
            result = refused.problems
        return result, self.host.files.now() - begin


def of_card(facts, card):
    return [one for one in facts["parents"] if one["physical_function"] == card]


def cards_of(facts):
    return list(dict.fromkeys(parent["physical_function"] for parent in facts["parents"]))


@pytest.mark.parametrize("name", ["available_instances", "description", "name", "device_api"])
@pytest.mark.parametrize("profile", ["t4", "a40"])
def test_a_silent_card_costs_one_deadline_and_hides_no_other(simulated, profile, name):
    host = simulated(profile)
    card, other = cards_of(host.facts())
    paths = [f"{TYPES.format(parent['name'])}/*/{name}" for parent in of_card(host.facts(), card)]
    silence = Silence(host, *paths)
    facts, seconds = silence.taking(host.facts)
    assert seconds == 2
    (warning,) = facts["warnings"]
    assert f"/{name} did not answer within 2 s: " in warning
    assert warning.endswith(f"Read the messages about {card} in dmesg")
    assert of_card(facts, other) == of_card(silence.before, other)
    assert all(parent["unreadable"] == warning for parent in of_card(facts, card))
    assert [one["id"] for one in of_card(facts, card)[0]["types"]]
    marked = [one["address"] for one in facts["physical_functions"] if one.get("unreadable") == warning]
    assert marked == [card]


def test_all_cards_are_silent(simulated):
    host = simulated("l40s")
    facts, seconds = Silence(host, "*/current_vgpu_type", "*/creatable_vgpu_types", "*/sriov_*").taking(host.facts)
    assert seconds == 2 + 1
    assert len(facts["warnings"]) == 2


def test_a_card_that_answers_again(simulated):
    host = simulated("t4")
    host.kernel.faults.delay(f"{TYPES.format(CARDS['t4'][0])}/*/available_instances", SLOW, ("read",))
    root = host.root()
    assert any(parent.get("unreadable") for parent in run_facts.observe(root)["parents"])
    host.kernel.faults.clear()
    assert not any(parent.get("unreadable") for parent in run_facts.observe(root)["parents"])


def test_a_file_that_is_slow_but_answers(simulated):
    host = simulated("t4")
    before = host.facts()
    host.kernel.faults.delay("*/available_instances", 0.5, ("read",))
    assert host.facts() == before


def test_a_slow_file_in_each_of_many_types_ends(simulated):
    host = simulated("a40")
    host.kernel.faults.delay("*/available_instances", 1.9, ("read",))
    begin = host.files.now()
    facts = host.facts()
    assert host.files.now() - begin < 2 * 30 + 4
    assert len(facts["warnings"]) == 2


def test_a_directory_that_is_not_listed(simulated):
    host = simulated("t4")
    silence = Silence(host, TYPES.format(CARDS["t4"][0]), operation="list")
    facts, seconds = silence.taking(host.facts)
    assert seconds == 2
    assert of_card(facts, CARDS["t4"][1]) == of_card(silence.before, CARDS["t4"][1])
    assert of_card(facts, CARDS["t4"][0])[0]["types"] == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_devices_on_a_silent_card_are_refused_where_they_are_asked_for(simulated, state):
    host = simulated("t4")
    card, other = CARDS["t4"]
    host.converge({"type": "nvidia-222", "parent": card}, {"type": "nvidia-222", "parent": other})
    devices = host.devices()
    silence = Silence(host, f"{TYPES.format(card)}/*/available_instances")
    problems, seconds = silence.taking(lambda: host.converge({"type": "nvidia-222", "parent": card}, state=state))
    assert seconds == 2
    assert problems[0].startswith(f"instances[0]: the state of {card} is unknown: /{TYPES.format(card)}/nvidia-222/")
    host.converge({"type": "nvidia-222", "parent": other, "count": "2"})
    assert len(host.devices()) == len(devices) + 1


def test_devices_on_a_silent_card_are_not_removed_for_others(simulated):
    host = simulated("t4")
    card, other = CARDS["t4"]
    host.converge({"type": "nvidia-222", "parent": card}, {"type": "nvidia-222", "parent": other})
    devices = host.devices()
    silence = Silence(host, f"{TYPES.format(card)}/*/available_instances")
    problems, dummy = silence.taking(lambda: host.converge({"type": "nvidia-222"}, state="absent"))
    (uuid,) = [uuid for uuid, (parent, _kind) in devices.items() if parent == card]
    unknown = "may be in use, so it cannot be removed. Its state is unknown: "
    assert [problem.startswith(f"{uuid} on {card} {unknown}") for problem in problems] == [True]
    result = host.converge({"type": "nvidia-222"}, state="absent", on_busy="skip")
    assert len(result["removed"]) == 1
    assert {parent for parent, dummy in host.devices().values()} == {card}
    assert len(devices) == 2


def test_what_fits_elsewhere_is_made_elsewhere(simulated):
    host = simulated("t4")
    card, other = CARDS["t4"]
    Silence(host, f"{TYPES.format(card)}/*/available_instances")
    host.converge({"type": "nvidia-222", "count": "3"})
    assert [parent for parent, dummy in host.devices().values()] == [other] * 3
    with pytest.raises(Refused, match=f"{card} is skipped: "):
        host.converge({"type": "nvidia-222", "count": "30"})


def test_the_others_go_on_where_busy_ones_are_skipped(simulated):
    host = simulated("t4")
    card, other = CARDS["t4"]
    host.converge({"type": "nvidia-222", "parent": card, "count": "2"})
    record = f"etc/vfio-devices/mdev_instance/{card}.json"
    before = host.files.read(record)
    Silence(host, f"{TYPES.format(card)}/*/available_instances")
    wanted = [{"type": "nvidia-222", "parent": one, "count": "3"} for one in (card, other)]
    result = host.converge(*wanted, on_busy="skip", exact=True)
    assert sorted(parent for parent, dummy in host.devices().values()) == [card] * 2 + [other] * 3
    assert [(missing["item"], missing["count"]) for missing in result["missing"]] == [(0, 3)]
    assert result["removed"] == []
    assert host.files.read(record) == before


@pytest.mark.parametrize("fault", ["delay", "fail", "content"])
def test_a_function_that_does_not_tell_its_type_is_not_free(simulated, fault):
    host = simulated("l40s")
    card = cards_of(host.facts())[0]
    function = of_card(host.facts(), card)[3]["name"]
    path = f"sys/bus/pci/devices/{function}/nvidia/current_vgpu_type"
    getattr(host.kernel.faults, fault)(path, {"delay": SLOW, "fail": 5, "content": b"what\n"}[fault])
    (first,) = [one for one in host.facts()["physical_functions"] if one["address"] == card]
    assert path in first["unreadable"]
    for instance, options in (
        ({"type": "NVIDIA L40S-1Q", "parent": card, "count": "max"}, {"exact": True}),
        ({"parent": card}, {"state": "absent"}),
    ):
        with pytest.raises(Refused, match="the state of"):
            host.converge(instance, **options)


@pytest.mark.parametrize("name", ["sriov_totalvfs", "driver_override"])
def test_a_card_that_does_not_answer_keeps_its_mode(switch, name):
    run = switch("nics")
    run.host.kernel.faults.delay(f"sys/bus/pci/devices/{ICE}/{name}", SLOW, ("read",))
    with pytest.raises(Refused) as caught:
        run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "vf", "num_vfs": "2"})
    assert f"the state of {ICE} is unknown: /sys/bus/pci/devices/{ICE}/{name} did not" in caught.value.problems[0]
    result = run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "vf", "num_vfs": "2"}, on_busy="skip")
    assert [function["action"] for function in result["functions"]] == ["busy", "changed"]
    assert result["functions"][0]["busy"][0].startswith(f"the state of {ICE} is unknown")


def test_a_guest_whose_name_is_not_told_counts(simulated):
    host = simulated("l40s")
    parent = host.facts()["parents"][0]["name"]
    host.converge({"type": "NVIDIA L40S-1Q", "parent": parent})
    host.kernel.faults.delay(f"sys/bus/pci/devices/{parent}/nvidia/vm_name", SLOW, ("read",))
    if host.files.exists(f"sys/bus/pci/devices/{parent}/nvidia/vm_name"):
        with pytest.raises(Refused, match="is in use by an unknown user"):
            host.converge({"parent": parent}, state="absent")
