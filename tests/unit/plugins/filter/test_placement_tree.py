# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import uuid

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import placement_tree as filters
from ansible_collections.vfio.devices.plugins.filter.resolve import resolve

from tests.unit import plans

placement_tree = filters.FilterModule().filters()["placement_tree"]

ROOT = {"name": "node", "optional": True}
TYPE = {"id": "nvidia-223", "name": "GRID T4-2B", "device_api": "vfio-pci"}


def card(name="0000:af:00.0", **fields):
    """Return a T4 in passthrough that no cloud service owns."""
    address = name if ":" in name else None
    return {**plans.CARD, "name": name, "address": address, "owner": "none", "numa_node": None, **fields}


def vgpus(name="0000:af:00.0", total=8, **fields):
    parents = [{"name": name, "numa_node": None, "total": total}]
    return card(name, **{"framework": "mdev", "type": TYPE, "parents": parents, "total": total, **fields})


def port(name="0000:18:00.0", **fields):
    ids = {"vendor_id": "8086", "product_id": "159b", "vf_product_id": "1889", "class": "0200"}
    return card(name, **{**ids, "mode": "vf", "total": 4, **fields})


def tree(*cards, **options):
    """Return the providers below the root."""
    first, *others = placement_tree({"cards": list(cards)}, "node", **options)
    assert first == ROOT
    return others


def problems(*cards, root="node", **options):
    with pytest.raises(AnsibleFilterError) as error:
        placement_tree({"cards": list(cards)}, root, **options)
    return str(error.value).splitlines()[1:]


def made(name, resource_class, total, *traits, **fields):
    inventories = {resource_class: {"total": total, **fields}}
    return {"name": f"node_{name}", "parent": "node", "inventories": inventories, "traits": sorted(traits)}


def named(name, *traits):
    return {"name": f"node_{name}", "parent": "node", "traits": list(traits), "optional": True}


MTTY = {"vendor_id": None, "product_id": None, "class": None, "type": {"id": "mtty-2", "name": "Dual port serial"}}
OWN = [
    (vgpus(), made("vfio_0000:af:00.0", "CUSTOM_VGPU", 8, "CUSTOM_VFIO_TYPE_GRID_T4_2B")),
    (vgpus(resource_class="VGPU", traits=["CUSTOM_A"], type={"id": "t-1", "name": None}),
     made("vfio_0000:af:00.0", "VGPU", 8, "CUSTOM_A", "CUSTOM_VFIO_TYPE_T_1")),
    (vgpus("mtty", 12, **MTTY), made("vfio_mtty", "CUSTOM_MDEV", 12, "CUSTOM_VFIO_TYPE_DUAL_PORT_SERIAL")),
    (card(mode="pf", numa_node=1), made("vfio_0000:af:00.0", "CUSTOM_PCI_10DE_1EB8", 1, "CUSTOM_NUMA_1")),
    (port(numa_node=0), made("vfio_0000:18:00.0", "CUSTOM_PCI_8086_1889", 4, "CUSTOM_NUMA_0")),
    (port(traits=["HW_NIC_SRIOV"], resource_class="SRIOV_NET_VF"),
     made("vfio_0000:18:00.0", "SRIOV_NET_VF", 4, "HW_NIC_SRIOV")),
    # The number is unknown, and there is nothing to offer: no provider is created.
    (port(total=None, vf_product_id=None), {"name": "node_vfio_0000:18:00.0", "parent": "node", "optional": True}),
    (port(total=0), {"name": "node_vfio_0000:18:00.0", "parent": "node", "optional": True, "inventories": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "provider"), OWN)
def test_cards_that_nobody_else_knows(one, provider):
    assert tree(one) == [provider]


NO_AGENT = {"cyborg_agent": False}
VFS = [{"name": f"0000:41:00.{number}", "numa_node": 0, "total": int(number == 4)} for number in (4, 5)]
NOVA = [
    (vgpus(), []),
    (vgpus(traits=["CUSTOM_B", "CUSTOM_A"]), [named("pci_0000_af_00_0", "CUSTOM_A", "CUSTOM_B")]),
    (vgpus("mtty", traits=["CUSTOM_A"]), [named("mtty_mtty", "CUSTOM_A")]),
    # nova creates no provider for a parent that offers nothing.
    (vgpus(parents=VFS, traits=["CUSTOM_A"]), [named("pci_0000_41_00_4", "CUSTOM_A")]),
    # nova replaces the traits of PCI devices.
    (port(traits=["CUSTOM_A", "HW_NIC_SRIOV"]), []),
    (card(mode="pf", traits=["CUSTOM_A"]), []),
    (vgpus(framework="vendor_vfio", traits=["CUSTOM_A"]), []),
]


@pytest.mark.parametrize(("one", "providers"), NOVA)
def test_cards_of_nova_have_only_custom_traits(one, providers):
    assert tree({**one, "owner": "nova"}) == providers


CYBORG = [
    (vgpus(), []),
    (vgpus(traits=["CUSTOM_A"]), [named("0000:af:00.0", "CUSTOM_A")]),
    (card(traits=["CUSTOM_A"]), [named("0000:af:00.0", "CUSTOM_A")]),
    (vgpus(parents=VFS, traits=["CUSTOM_A"]), [named("0000:41:00.4", "CUSTOM_A")]),
]


@pytest.mark.parametrize(("one", "providers"), CYBORG)
def test_cards_of_cyborg_have_only_custom_traits_where_its_agent_runs(one, providers):
    assert tree({**one, "owner": "cyborg"}) == providers


@pytest.mark.parametrize("one", [vgpus(owner="nova"), vgpus(owner="cyborg")])
def test_traits_that_go_when_the_profile_has_none(one):
    assert tree(one, traits_mode="add") == []
    assert [provider["traits"] for provider in tree(one, traits_mode="exact")] == [[]]


PRO = {"id": "nvidia-1500", "name": "NVIDIA RTX Pro 6000 Blackwell DC-4Q"}
SHAPED = [
    (vgpus(), {}, made("0000:af:00.0", "VGPU", 8, "CUSTOM_NVIDIA_1EB8_T4_2B", "OWNER_CYBORG")),
    (card(), {}, made("0000:af:00.0", "PGPU", 1, "CUSTOM_NVIDIA_1EB8", "OWNER_CYBORG")),
    (vgpus(parents=VFS, total=6, traits=["CUSTOM_A"]), {},
     made("0000:af:00.0", "VGPU", 6, "CUSTOM_A", "CUSTOM_NVIDIA_1EB8_T4_2B", "OWNER_CYBORG")),
    (vgpus(type=PRO), {},
     made("0000:af:00.0", "VGPU", 8, "CUSTOM_NVIDIA_1EB8_RTX_PRO_6000_BLACKWELL_DC_4Q", "OWNER_CYBORG")),
    (vgpus(type=PRO), {"exact_names": True},
     made("0000:af:00.0", "VGPU", 8, "CUSTOM_NVIDIA_1EB8_RTX", "OWNER_CYBORG")),
    (vgpus(), {"cyborg_host": "short"},
     {**made("", "VGPU", 8, "CUSTOM_NVIDIA_1EB8_T4_2B", "OWNER_CYBORG"), "name": "short_0000:af:00.0"}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "options", "provider"), SHAPED)
def test_the_shape_of_cyborg_without_its_agent(one, options, provider):
    agent = {**provider, "uuid": str(uuid.uuid3(uuid.NAMESPACE_DNS, provider["name"]))}
    assert tree({**one, "owner": "cyborg"}, cyborg_agent=False, **options) == [agent]
    assert tree(one, shape="cyborg", cyborg_agent="no", **options) == [agent]


@pytest.mark.parametrize("drain", [True, "yes", ["0000:af:00.0"], "0000:af:00.0"])
@pytest.mark.parametrize("total", [8, 0, None])
def test_drained_cards_stay_as_they_are_in_placement(drain, total):
    assert tree({**vgpus(), "total": total}, drain=drain)[0] == {
        "name": tree(vgpus())[0]["name"],
        "parent": "node",
        "optional": True,
        "drain": True,
    }


def test_other_cards_are_not_drained():
    both = tree(vgpus(), port(), drain="0000:18:00.0, 0000:18:00.0")
    assert [("inventories" in one, one.get("drain", False)) for one in both] == [(True, False), (False, True)]
    assert tree(vgpus(), drain=False) == tree(vgpus(), drain=[]) == tree(vgpus(), drain="no") == tree(vgpus())


REFUSED = [
    (card(owner="nova", mode="pf"), {"shape": "cyborg"}, "its owner is nova"),
    (card(), {"shape": "nova"}, "nova creates no provider for it, because its owner is none"),
    (vgpus(owner="nova"), {"shape": "own"}, "would be counted twice"),
    (card(owner="cyborg"), {"shape": "own"}, "would be counted twice"),
    (port(), {"shape": "cyborg"}, "Cyborg's shape is only for NVIDIA GPUs, and this card is not an NVIDIA GPU"),
    (card(**{"class": "0280"}), {"shape": "cyborg"}, (
        "Cyborg's shape is only for NVIDIA GPUs, and this card is not an NVIDIA "
        "GPU"
    )),
    (vgpus("mtty", **MTTY), {"shape": "cyborg"}, (
        "Cyborg's shape is only for NVIDIA GPUs, and this card is not an NVIDIA "
        "GPU"
    )),
    (card(mode="vf", total=4), {"shape": "cyborg"}, (
        "Cyborg supports complete GPUs and mediated devices, and no virtual "
        "functions"
    )),
    (vgpus(framework="vendor_vfio"), {"shape": "cyborg"}, (
        "Cyborg supports complete GPUs and mediated devices, and no virtual "
        "functions"
    )),
    (vgpus(resource_class="CUSTOM_A"), {"shape": "cyborg", "cyborg_agent": False}, "its resource class is VGPU"),
    (card(resource_class="VGPU"), {"shape": "cyborg", "cyborg_agent": False}, "its resource class is PGPU"),
    (vgpus(type={"id": "t", "name": "A B+"}), {"shape": "cyborg", "cyborg_agent": False, "exact_names": True},
     "not a valid trait. Remove exact_names"),
    (vgpus(owner="nova", traits=["HW_A"]), {}, "HW_A cannot be set on the provider of another"),
    (card(traits=["OWNER_CYBORG", "CUSTOM_OWNER_VFIO_DEVICES"]), {}, "OWNER_CYBORG, CUSTOM_OWNER_VFIO_DEVICES marks"),
    (card(traits=["low"]), {}, "'low' is not a trait"),
    (card(resource_class="low"), {}, "'low' is not a resource class"),
    (vgpus(type={"id": "t", "name": "x" * 250}), {}, "is not a trait"),
    (port(vf_product_id=None), {}, "the product id of its virtual functions is unknown. Set placement.resource_class"),
    (vgpus(owner="nova"), {"drain": True}, "because nova writes its inventory. Disable the compute service"),
    (card(owner="cyborg"), {"drain": ["0000:af:00.0"]}, "because cyborg writes its inventory"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "options", "sentence"), REFUSED)
def test_what_cannot_be(one, options, sentence):
    (problem,) = problems(one, **options)
    assert problem.startswith(f"profile p, {one['name']}: ")
    assert sentence in problem


def test_a_card_to_drain_that_is_none():
    assert problems(card(), drain="0000:00:00.0") == [
        "drain: 0000:00:00.0 is not a card of a profile on this host. The cards are 0000:af:00.0"
    ]


def test_names_that_are_too_long_or_come_twice():
    assert "1 to 200 printable" in problems(card(), root="n" * 190)[0]
    assert "of 0000:AF:00.0, if case is ignored" in problems(card("0000:AF:00.0"), card())[0]
    # nova has a provider that differs only by case if it reports PCI devices.
    nova = card(owner="nova", mode="pf")
    assert (
        "node_0000:af:00.0 has the same name as the provider of 0000:af:00.0"
        in problems(nova, card(owner="cyborg"), **NO_AGENT)[0]
    )
    assert (
        "the provider of the root"
        in problems(card(owner="cyborg"), root="a_0000:af:00.0", cyborg_host="a", **NO_AGENT)[0]
    )


def test_all_problems_at_once():
    found = problems(card(traits=["low"]), port(traits=["low"]), card("mtty", traits=["low"]), drain="x")
    # The same problem of two PCI cards is one message.
    assert len(found) == 3
    assert "0000:af:00.0, 0000:18:00.0" in found[1]


@pytest.mark.parametrize(
    ("plan", "root", "options"),
    [
        ({}, "node", {}),
        ([], "node", {}),
        ({"cards": [{}]}, "node", {}),
        ({"cards": []}, None, {}),
        ({"cards": []}, "node", {"shape": "other"}),
        ({"cards": []}, "node", {"traits_mode": "other"}),
        ({"cards": []}, "node", {"drain": 5}),
    ],
)
def test_what_is_no_plan_or_option_is_one_clear_error(plan, root, options):
    with pytest.raises(AnsibleFilterError, match="placement_tree"):
        placement_tree(plan, root, **options)


def test_the_plan_of_a_host(simulated):
    profile = {"name": "t4", "select": "product_id == '1eb8'", "vgpu": {"type": "nvidia-223"}, "owner": "none"}
    plan = resolve([profile], simulated("t4").facts())
    # All cards of the host, including the one that no profile selects.
    assert placement_tree(plan, "node") == [
        {**ROOT, "cards": ["0000:18:00.0", "0000:3b:00.0", "0000:af:00.0"], "mdev_parents": ["0000:18:00.0"]},
        *(
            made(f"vfio_{name}", "CUSTOM_VGPU", 8, f"CUSTOM_NUMA_{numa}", "CUSTOM_VFIO_TYPE_GRID_T4_2B")
            for numa, name in enumerate(("0000:3b:00.0", "0000:af:00.0"))
        ),
    ]


NOT_GIVEN = dict.fromkeys(("shape", "cyborg_agent", "cyborg_host", "exact_names", "drain", "traits_mode", "cards"))


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_is_not_given_also_as_the_text_that_a_template_makes_of_it(nothing):
    assert tree(vgpus(), **dict.fromkeys(NOT_GIVEN, nothing)) == tree(vgpus())


@pytest.mark.parametrize("option", ["cyborg_agent", "exact_names", "root_optional", "preview"])
def test_what_is_neither_true_nor_false_is_refused_by_its_name(option):
    with pytest.raises(AnsibleFilterError, match=f"{option} must be true or false, and not 'perhaps'"):
        placement_tree({"cards": []}, "node", **{option: "perhaps"})


def test_a_root_that_must_exist():
    first = placement_tree({"cards": [vgpus()]}, "node", root_optional="False")[0]
    assert first == {"name": "node", "optional": False}
    assert placement_tree({"cards": []}, "node", root_optional="False") == [ROOT]


def test_a_preview_has_names_of_cards_whose_devices_are_not_known_yet():
    later = card(mode="vf", total=None, traits=["CUSTOM_A"], resource_class="CUSTOM_X")
    assert tree(later) == [{"name": "node_vfio_0000:af:00.0", "parent": "node", "optional": True}]
    assert tree(later, preview=True) == [made("vfio_0000:af:00.0", "CUSTOM_X", 0x7FFFFFFF, "CUSTOM_A")]
    without = {"name": "node_vfio_0000:af:00.0", "parent": "node", "traits": []}
    assert tree({**later, "resource_class": None, "traits": []}, preview=True) == [without]
    assert tree(vgpus(), preview=True) == tree(vgpus())


@pytest.mark.parametrize("agent", [True, False])
def test_cyborg_writes_addresses_in_small_letters(agent):
    (provider,) = tree(card("0000:AF:00.0", owner="cyborg", traits=["CUSTOM_A"]), cyborg_agent=agent)
    assert provider["name"] == "node_0000:af:00.0"


def test_a_preview_in_the_shape_of_cyborg_is_the_vgpus_of_cyborg_without_a_type():
    later = card(mode="vf", total=None, owner="cyborg", framework="mdev", traits=["CUSTOM_A"])
    to_come = made("0000:af:00.0", "VGPU", 0x7FFFFFFF, "CUSTOM_A", "OWNER_CYBORG")
    for exact in (False, True):
        (found,) = tree(later, preview=True, cyborg_agent=False, exact_names=exact)
        assert found == {**to_come, "uuid": found["uuid"]}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"resource_class": "bad"}, "'bad' is not a resource class"),
        ({"traits": ["bad"]}, "'bad' is not a trait"),
        (
            {"owner": "cyborg", "resource_class": "PGPU"},
            "in Cyborg's shape its resource class is VGPU, and not PGPU",
        ),
    ],
)
def test_a_preview_refuses_what_the_provider_cannot_have(fields, refusal):
    later = card(mode="vf", total=None, profile="p", **fields)
    (problem,) = problems(later, preview=True, cyborg_agent=False)
    assert problem.startswith(f"profile p, 0000:af:00.0: {refusal}")


MTTY = {"name": "mtty", "virtual_functions": []}


def test_a_host_that_was_not_read_has_no_list_of_cards():
    nothing = {"cards": [], "later": []}
    assert placement_tree({**nothing, "unselected": []}, "node") == [ROOT]
    assert placement_tree({**nothing, "unselected": [MTTY]}, "node") == [
        {**ROOT, "cards": ["mtty"], "mdev_parents": []}
    ]


def test_the_former_root_of_a_host_whose_cards_are_known():
    former = "6A5E4B26-5a15-4a3b-8b3f-a0b0f8cbe54a"
    plan = {"cards": [port()], "unselected": []}
    assert placement_tree(plan, "node", former_root=former)[0]["former_root"] == former.lower()
    assert "former_root" not in placement_tree({"cards": [port()]}, "node", former_root=former)[0]
    assert "former_root" not in placement_tree(plan, "node", former_root=former, cards=["0000:18:00.0"])[0]
    assert "former_root" not in placement_tree(plan, "node", former_root="")[0]


def test_only_some_cards():
    plan = {"cards": [vgpus(), port()], "unselected": [MTTY]}
    assert len(placement_tree(plan, "node", cards="")) == 3
    root, provider = placement_tree(plan, "node", cards=["0000:18:00.0"])
    # Other cards are unknown, so providers of missing cards must stay.
    assert (root, provider["name"]) == (ROOT, "node_vfio_0000:18:00.0")
    assert placement_tree(plan, "node", cards=[]) == [ROOT]
    with pytest.raises(AnsibleFilterError, match="cards must be a list of the names of cards, and not 'all'"):
        placement_tree(plan, "node", cards="all")
