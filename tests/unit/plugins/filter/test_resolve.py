# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.resolve import FilterModule
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import expression
from hypothesis import given
from hypothesis import strategies as st

resolve = FilterModule().filters()["resolve"]

T4 = {"name": "t4", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B"}}
CAPACITY = {"GRID T4-2B": 8, "GRID T4-1B": 16}


@pytest.fixture
def facts(simulated):
    return lambda profile, **changes: simulated(profile, **changes).facts()


def refusal(profiles, facts):
    with pytest.raises(AnsibleFilterError) as error:
        resolve(profiles, facts)
    return str(error.value).splitlines()[1:]


def test_a_card_that_makes_vgpus_itself(facts):
    plan = resolve([{**T4, "placement": {"resource_class": "VGPU", "traits": ["CUSTOM_TIER_GOLD"]}}], facts("t4"))
    card = plan["cards"][0]
    assert card["type"] == {"id": card["type"]["id"], "name": "GRID T4-2B", "device_api": "vfio-pci"}
    assert (card["owner"], card["framework"], card["count"], card["total"]) == ("nova", "mdev", "max", 8)
    common = {"name": card["name"], "numa_node": card["numa_node"], "type": card["type"]["id"]}
    assert card["parents"] == [{**common, "existing": 0, "total": 8}]
    assert (card["resource_class"], card["traits"]) == ("VGPU", ["CUSTOM_TIER_GOLD"])
    first = plan["instances"][0]
    label = f"profile t4, {card['name']}"
    assert first == {"type": [card["type"]["id"]], "parent": card["name"], "count": "max", "label": label}
    assert plan["functions"] == plan["unwanted"] == plan["later"] == []


def test_the_plan_is_what_the_module_makes(simulated):
    host = simulated("t4")
    plan = resolve([T4], host.facts())
    made = host.converge(*plan["instances"], exact=True)
    assert len(made["created"]) == sum(card["total"] for card in plan["cards"])
    again = resolve([T4], host.facts())
    filled = [[{**parent, "existing": parent["total"]} for parent in card["parents"]] for card in plan["cards"]]
    assert [card["parents"] for card in again["cards"]] == filled
    assert not host.converge(*again["instances"], exact=True)["changed"]


def test_virtual_functions_come_first(simulated, switch):
    run = switch("a40")
    profile = {
        "name": "a40",
        "select": "vendor_id == '10de'",
        "mode": "vf",
        "num_vfs": "max",
        "vgpu": {"type": "NVIDIA A40-8Q"},
    }
    address = run.host.facts()["physical_functions"][0]["address"]
    run({"pf": address, "mode": "vf", "num_vfs": "0"})
    plan = resolve([profile], run.host.facts())
    card = plan["cards"][0]
    assert (card["type"], card["parents"], card["total"]) == (None, [], None)
    assert plan["later"] == [
        {"name": card["name"], "profile": "a40", "reason": "its virtual functions do not exist yet"}
    ]
    run(*plan["functions"])
    plan = resolve([profile], run.host.facts())
    card = plan["cards"][0]
    assert (plan["later"], card["num_vfs"], len(card["parents"])) == ([], 32, 32)
    assert [parent["total"] for parent in card["parents"]] == [1] * 6 + [0] * 26
    made = run.host.converge(*plan["instances"], exact=True)
    assert len(made["created"]) == sum(card["total"] for card in plan["cards"])
    assert resolve([profile], run.host.facts())["cards"][0]["total"] == 6


def test_the_vendor_framework(switch):
    run = switch("l40s")
    profile = {
        "name": "l40s",
        "select": "class == '0302'",
        "mode": "vf",
        "num_vfs": "max",
        "vgpu": {"type": "NVIDIA L40S-8Q"},
    }
    run(*resolve([profile], run.host.facts())["functions"])
    plan = resolve([profile], run.host.facts())
    card = plan["cards"][0]
    assert (card["framework"], card["type"]["name"], card["total"]) == ("vendor_vfio", "NVIDIA L40S-8Q", 6)
    made = run.host.converge(*plan["instances"], exact=True)
    assert len(made["created"]) == sum(card["total"] for card in plan["cards"])
    full = resolve([profile], run.host.facts())["cards"][0]
    assert (full["type"]["device_api"], full["total"]) == ("vfio-pci", 6)
    few = {**profile, "vgpu": {"type": "NVIDIA L40S-8Q", "count": 2}}
    assert resolve([few], run.host.facts())["cards"][0]["total"] == 2


@pytest.mark.parametrize(("before", "after", "number"), [("8Q", "4Q", 12), ("48Q", "8Q", 6), ("4Q", "48Q", 1)])
def test_another_type_on_full_cards_of_the_vendor_framework(simulated, before, after, number):
    host = simulated("l40s")
    profile = {"name": "l40s", "select": "class == '0302'", "owner": "none"}
    old, new = ({**profile, "vgpu": {"type": f"NVIDIA L40S-{size}"}} for size in (before, after))
    made = host.converge(*resolve([old], host.facts())["instances"], exact=True)["created"]
    plan = resolve([new], host.facts())
    assert [card["total"] for card in plan["cards"]] == [number, number]
    changed = host.converge(*plan["instances"], exact=True)
    assert len(changed["replaced"] + changed["removed"]) == len(made)
    assert len(changed["replaced"] + changed["created"]) == 2 * number
    assert {device["type_name"] for device in host.facts()["devices"]} == {f"NVIDIA L40S-{after}"}
    again = resolve([new], host.facts())
    assert [card["total"] for card in again["cards"]] == [number, number]
    assert host.converge(*again["instances"], exact=True)["changed"] is False


def test_another_type_than_a_guest_has_on_a_card_of_the_vendor_framework(simulated):
    host = simulated("l40s")
    profile = {"name": "l40s", "select": "class == '0302'", "owner": "none"}
    old, new = ({**profile, "vgpu": {"type": f"NVIDIA L40S-{size}"}} for size in ("8Q", "4Q"))
    used = host.converge(*resolve([old], host.facts())["instances"], exact=True)["created"][0]
    host.kernel.hold(used, pid=4242)
    plan = resolve([new], host.facts(*run_facts.PARTS))
    assert [card["total"] for card in plan["cards"]] == [6, 12]
    before = host.devices()
    with pytest.raises(Refused, match=f"{used} is in use by"):
        host.converge(*plan["instances"], exact=True)
    assert host.devices() == before
    changed = host.converge(*plan["instances"], exact=True, on_busy="skip")
    assert len(changed["replaced"] + changed["created"]) == 12
    kept = {name: device for name, device in before.items() if name.startswith("0000:84:")}
    assert kept.items() <= host.devices().items()
    again = resolve([new], host.facts(*run_facts.PARTS))["instances"]
    assert host.converge(*again, exact=True, on_busy="skip")["changed"] is False


def test_selection_by_type_and_numa_node(facts):
    cards = facts("t4")
    nodes = {card["address"]: card["numa_node"] for card in cards["physical_functions"] if card["framework"]}
    assert set(nodes.values()) == {0, 1}
    for node in (0, 1):
        profile = {**T4, "select": f"numa_node == `{node}` && types[?name=='GRID T4-2B']"}
        selected = [card["name"] for card in resolve([profile], cards)["cards"]]
        assert selected == [address for address in nodes if nodes[address] == node]


def test_a_parent_that_is_no_pci_function(facts):
    plan = resolve([{"name": "serial", "select": ["mtty"], "vgpu": {"type": ["mtty-4", "mtty-2"]}}], facts("mtty"))
    card = plan["cards"][0]
    assert (card["name"], card["address"], card["vendor_id"]) == ("mtty", None, None)
    assert (card["type"]["id"], card["total"]) == ("mtty-2", 12)


def test_modes_of_network_cards(facts):
    nics = facts("nics")
    first, second = [card["address"] for card in nics["physical_functions"] if card["total_vfs"] >= 4][:2]
    plan = resolve(
        [
            {"name": "whole", "select": [first], "mode": "pf", "reconfigurable": False},
            {"name": "shared", "select": [second], "mode": "vf", "num_vfs": 4, "vf_driver": "vfio-pci"},
        ],
        nics,
    )
    assert plan["functions"] == [
        {"pf": first, "mode": "pf", "reconfigurable": False, "label": "profile whole"},
        {"pf": second, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci", "label": "profile shared"},
    ]
    assert [(card["mode"], card["num_vfs"], card["total"]) for card in plan["cards"]] == [("pf", None, 1), ("vf", 4, 4)]


def test_a_type_that_devices_have_stays(simulated):
    host = simulated("t4")
    host.converge(*resolve([T4], host.facts())["instances"], exact=True)
    both = {**T4, "vgpu": {"type": ["GRID T4-1B", "GRID T4-2B"]}}
    assert {card["type"]["name"] for card in resolve([both], host.facts())["cards"]} == {"GRID T4-2B"}
    other = {**T4, "vgpu": {"type": "GRID T4-1B"}}
    assert [card["total"] for card in resolve([other], host.facts())["cards"]] == [
        CAPACITY["GRID T4-1B"] for parent in host.facts()["parents"]
    ]


def test_cyborg_makes_devices_itself(simulated):
    host = simulated("t4")
    host.converge(*resolve([T4], host.facts())["instances"], exact=True)
    profile = {"name": "acc", "owner": "cyborg", "select": "class == '0302'", "vgpu": {"type": "GRID T4-1B"}}
    plan = resolve([profile], host.facts())
    assert (plan["instances"], len(plan["unwanted"])) == ([], len(host.devices()))
    assert host.converge(*plan["unwanted"], state="absent")["changed"]
    assert resolve([profile], host.facts())["unwanted"] == []
    whole = resolve([{"name": "whole", "owner": "cyborg", "select": "class == '0302'"}], host.facts())
    assert {card["total"] for card in whole["cards"]} == {1}


SCHEMA = {
    "t4": [
        ({"select": ""}, "profile t4: select is missing. Write select, such as"),
        ({"name": ""}, "vfio_profiles[0]: name must be text of 1 to 255 printable characters"),
        ({"name": "a\n"}, "vfio_profiles[0]: name must be text of 1 to 255 printable characters"),
        ({"nova": {"alias": "a/b"}}, "nova.alias must be text of 1 to 255 printable characters"),
        ({"placement": {"resource_class": "NFV_VF"}}, "Write CUSTOM_NFV_VF for a custom class"),
        ({"selekt": "x"}, "profile t4: selekt is not a key. Did you mean select? The keys are name, select,"),
        ({"nova": {"numapolicy": "legacy"}}, "nova.numapolicy is not a key. Did you mean nova.numa_policy?"),
        ({"nova": {"traits": ["CUSTOM_A"]}}, "nova.traits is not a key. Set placement.traits"),
        (
            {"select": "vendor_id = '10de'"},
            "profile t4: select cannot be used. Unexpected = at character 11. Compare two values with ==",
        ),
        ({"select": "starts_with(driver_override, 'x')"}, ": select cannot be evaluated. starts_with() needs string"),
        ({"select": ["0000:AF:00.0"]}, "write the address 0000:AF:00.0 in lower case"),
        ({"select": ["af:00.0"]}, "write the address af:00.0 with its domain, 0000:af:00.0"),
        (
            {"select": "product == '1eb8'"},
            "select cannot be used. product is not a field of a card. Did you mean product_id? The fields are name,",
        ),
        ({"select": ["../etc"]}, "is not a PCI address, an interface or a parent"),
        (
            {"select": ["ens1f0"], "mode": "pf", "vgpu": None},
            "the interface disappears with the driver of the card. Write the address that `lspci` shows",
        ),
        (
            {"select": "vendor_id == 'ffff'", "required": True},
            "required is true, but no card meets select. The host has",
        ),
        ({"required": "yes"}, "required must be true or false, and not 'yes'"),
        ({"owner": "neutron"}, "owner must be nova, cyborg"),
        ({"mode": "vfs"}, "mode must be pf or vf"),
        ({"mode": "pf"}, "a card with mode pf has no vGPUs. Remove vgpu or mode"),
        ({"mode": "vf", "num_vfs": "many"}, "num_vfs must be a whole number from 0 to 65535, or max, and not 'many'"),
        ({"mode": "vf", "num_vfs": 0}, "num_vfs 0 leaves no virtual functions for vgpu. Set num_vfs: max"),
        ({"mode": "vf", "num_vfs": 4}, "Remove mode and num_vfs, because the vGPUs are on the card itself"),
        ({"mode": "vf", "vf_driver": "vfio-pci"}, "remove vf_driver"),
        ({"num_vfs": 4}, "num_vfs requires mode. Set mode: vf"),
        ({"vgpu": None, "mode": "vf", "vfs": [{"index": 1, "colour": "red"}]}, "vfs[0].colour is not a key"),
        ({"vgpu": None, "mode": "vf", "vfs": [{"vlan": "x"}]}, "vfs[0] has no index"),
        ({"vgpu": None, "mode": "vf", "vfs": [{"index": 0, "mac": "zz"}]}, "is not a unicast address such as"),
        ({"vgpu": None}, "mode and vgpu are missing, so the profile has no effect. Set mode or vgpu"),
        ({"vgpu": {}}, "vgpu has no type"),
        ({"vgpu": {"type": "GRID T5-2B"}}, "more. The most similar name to GRID T5-2B is GRID T4-2B"),
        ({"vgpu": {"type": "GRID T4-2B", "count": -1}}, "vgpu.count must be a whole number from 0 to 65536, or max"),
        (
            {"vgpu": {"type": "GRID T4-2B", "count": 99999999}},
            "vgpu.count must be a whole number from 0 to 65536, or max, and not 99999999",
        ),
        ({"vgpu": {"type": "GRID T4-2B", "attributes": [{"a": 1, "b": 2}]}}, "must have exactly one key"),
        ({"vgpu": {"type": "GRID T4-2B", "count": 0}, "owner": "none"}, "but the owner is none"),
        (
            {"vgpu": {"type": "GRID T4-2B", "count": 20}, "owner": "none"},
            "20 x GRID T4-2B do not fit on this card. They need 40 GB, and it has 16 GB. 8 x GRID T4-2B would fit. Set "
            "count: max or a lower number",
        ),
        (
            {"vgpu": {"type": "GRID T4-2B", "count": 2}, "owner": "cyborg"},
            "remove vgpu.count, because cyborg-agent creates the devices itself and fails on a full card",
        ),
        (
            {"owner": "cyborg", "mode": "vf", "vgpu": None},
            "Cyborg's NVIDIA driver supports vGPUs and complete GPUs, and no virtual functions. Remove mode",
        ),
        (
            {"owner": "cyborg", "placement": {"resource_class": "PGPU"}},
            "uses the resource class VGPU for such a card, and not PGPU",
        ),
        (
            {"placement": {"resource_class": "PGPU"}},
            "the resource class of mediated devices in nova is VGPU or begins with CUSTOM_, and is not PGPU",
        ),
        ({"placement": {"resource_class": "vgpu"}}, "'vgpu' is not a resource class"),
        ({"placement": {"traits": ["gold"]}}, "'gold' is not a trait"),
        ({"placement": {"traits": ["OWNER_NOVA"]}}, "trait OWNER_NOVA is reserved for nova-compute"),
        ({"placement": {"trait": []}}, "placement.trait is not a key"),
        ({"nova": {"alias": "x"}, "owner": "none"}, "nova requires owner nova, and the owner is none. Remove nova"),
        ({"nova": {"max_instances": 0}}, "nova.max_instances must be a whole number from 1 to 65536"),
    ],
    "nics": [
        (
            {"select": "total_vfs > `0`", "owner": "cyborg", "vgpu": None},
            "Cyborg's GPU driver supports NVIDIA GPUs only. Set owner: nova or owner: none",
        ),
        (
            {"select": "total_vfs > `0`"},
            "the card has no vGPU types itself. If its virtual functions have them, set mode: vf and num_vfs: max. "
            "Otherwise load the vGPU driver of the vendor",
        ),
        ({"select": "total_vfs > `0`", "vgpu": None, "mode": "vf", "num_vfs": 9999}, "the card supports at most"),
    ],
    "l40s": [
        ({"select": "class == '0302'", "owner": "cyborg", "vgpu": {"type": "NVIDIA L40S-8Q"}}, "mediated devices only"),
        (
            {"select": "class == '0302'", "vgpu": {"type": "NVIDIA L40S-8Q", "count": 0}},
            "nova does not create vendor-specific vGPUs itself. Remove vgpu.count: 0",
        ),
    ],
    "mtty": [({"select": ["mtty"], "vgpu": None, "mode": "pf"}, "mode is only for PCI functions")],
}
TABLE = [(profile, *row) for profile, rows in SCHEMA.items() for row in rows]


@pytest.mark.parametrize(("host", "changes", "sentence"), TABLE)
def test_refusals(switch, host, changes, sentence):
    run = switch(host)
    if host == "l40s":
        for card in run.host.facts()["physical_functions"]:
            run({"pf": card["address"], "mode": "vf", "num_vfs": "max"})
    profile = {key: value for key, value in {**T4, **changes}.items() if value is not None}
    assert any(sentence in line for line in refusal([profile], run.host.facts()))


def test_all_conflicts_at_once(facts):
    t4 = facts("t4")
    address = next(card["address"] for card in t4["physical_functions"] if card["framework"])
    profiles = [
        T4,
        {"name": "t4", "select": ["x"], "mode": "pf"},
        {"name": "whole", "select": [address], "mode": "pf"},
        {"name": "odd", "select": "product_id", "required": 1},
    ]
    problems = "\n".join(refusal(profiles, t4))
    assert "vfio_profiles[0] has the same name" in problems
    assert f"profiles t4 and whole and odd, {address}:" in problems
    assert "profile odd: required must be" in problems


def test_nova_has_one_meaning_for_a_type(facts):
    cards = facts("t4")
    first, second = [card["address"] for card in cards["physical_functions"] if card["framework"]][:2]
    profiles = [
        {**T4, "select": [first]},
        {
            **T4,
            "name": "gold",
            "select": [second],
            "placement": {"resource_class": "CUSTOM_GOLD"},
            "nova": {"max_instances": 2},
        },
    ]
    problems = refusal(profiles, cards)
    assert len(problems) == 2
    assert "nova has one resource class for type" in problems[0]
    assert "nova has one limit max_instances for type" in problems[1]


@pytest.mark.parametrize("facts_given", [{}, None, [], {"parents": []}])
def test_facts_must_be_there(facts_given):
    with pytest.raises(AnsibleFilterError, match="the facts that vfio.devices.mdev_facts gathers"):
        resolve([], facts_given)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=8) | st.sampled_from(["max", "pf", "vf", "nova"]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=6), values, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["name", "select", "required", "owner", "mode", "num_vfs", "vfs", "vgpu", "placement", "nova", "x"]
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "vgpu": st.fixed_dictionaries({}, optional={"type": ANYTHING, "count": ANYTHING, "attributes": ANYTHING}),
        "vfs": st.lists(st.dictionaries(st.sampled_from(["index", "mac", "vlan", "trust"]), ANYTHING), max_size=2),
        "placement": st.fixed_dictionaries({}, optional={"resource_class": ANYTHING, "traits": ANYTHING}),
    },
)


@given(
    garbage=ANYTHING
    | st.lists(st.tuples(st.dictionaries(KEYS, ANYTHING), PARTS).map(lambda pair: {**pair[0], **pair[1]}))
)
def test_garbage_is_refused_or_understood(garbage, t4_facts):
    try:
        plan = resolve(garbage, t4_facts)
    except AnsibleFilterError:
        return
    assert json.loads(json.dumps(plan)) == plan


@pytest.fixture(scope="module")
def t4_facts():
    from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
    from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
    from ansible_collections.vfio.devices.tests.simhost import Accessor, SimHost

    return run_facts.observe(HostRoot("/simulated", files=Accessor(SimHost("t4"))))


def test_without_jmespath_it_names_the_python_and_the_command(monkeypatch):
    monkeypatch.setattr(expression, "MISSING", ImportError("No module named 'jmespath'"))
    with pytest.raises(AnsibleFilterError, match="vfio_profiles cannot be read") as error:
        resolve([], {"physical_functions": [], "parents": [], "devices": []})
    assert f"not installed for {sys.executable} on the controller (No module named 'jmespath')" in str(error.value)
    assert f"Run: {sys.executable} -m pip install jmespath" in str(error.value)


NFV = {"name": "nfv", "select": ["0000:31:00.0"], "mode": "vf", "num_vfs": 4, "nova": {"alias": "nfv"}}


def test_virtual_functions_that_nova_gets(switch):
    run = switch("nics")
    run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "4"})
    chosen = {**NFV, "nova": {"alias": "nfv", "vfs": ["0", "2-3"]}}
    (card,) = resolve([chosen], run.host.facts())["cards"]
    assert (card["total"], card["host_functions"]) == (3, card["virtual_functions"][1:2])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nova": {"vfs": ["x"]}}, "nova.vfs 'x' is neither an index"),
        ({"nova": {"vfs": ["3-1"]}}, "nova.vfs '3-1' is neither an index"),
        ({"nova": {"vfs": ["0"]}, "mode": "pf", "num_vfs": None}, "nova.vfs chooses virtual functions of mode vf"),
        ({"nova": {"vfs": [0]}}, "nova.vfs must be"),
        (
            {"nova": {"groups": [{"vfs": "0"}], "vfs": "1"}},
            "nova.groups chooses the virtual functions. Remove nova.vfs",
        ),
        ({"nova": {"groups": [{"vfs": "0-2"}, {"vfs": "2"}]}}, "nova.groups[1].vfs and nova.groups[0].vfs have the vi"),
        ({"nova": {"groups": [{"alias": "a"}]}}, "nova.groups[0] has no vfs"),
        ({"nova": {"groups": [{"vfs": "x"}]}}, "nova.groups[0].vfs 'x' is neither an index"),
        ({"nova": {"groups": [{"vfs": "0", "truste": True}]}}, "nova.groups[0].truste is not a key. Did you mean"),
        (
            {"nova": {"groups": [{"vfs": "0", "traits": []}]}},
            "nova.groups[0].traits is not a key. Set placement.traits",
        ),
        ({"nova": {"groups": {"vfs": "0"}}}, "nova.groups must be a list of dictionaries"),
        (
            {"nova": {"groups": [{"vfs": "0"}]}, "vgpu": {"type": "x"}},
            "nova.groups[0].vfs chooses virtual functions of",
        ),
    ],
)
def test_virtual_functions_that_cannot_be_chosen(facts, changes, sentence):
    profile = {key: value for key, value in {**NFV, **changes}.items() if value is not None}
    assert any(sentence in line for line in refusal([profile], facts("nics")))
