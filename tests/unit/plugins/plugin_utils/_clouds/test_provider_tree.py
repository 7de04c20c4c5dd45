# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement import plan
from ansible_collections.vfio.devices.plugins.module_utils._placement import wanted as placement_wanted
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import provider_tree
from ansible_collections.vfio.devices.tests.unit import placement_fake
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, ports, whole
from ansible_collections.vfio.devices.tests.unit.plans import plan as plan_of
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = {
    "root": "node",
    "shape": None,
    "cyborg_agent": True,
    "cyborg_host": None,
    "exact_names": False,
    "drain": False,
    "traits_mode": None,
    "root_optional": True,
    "preview": False,
}
KNOWN = {"known_traits": {"HW_NIC_SRIOV", "OWNER_CYBORG"}, "known_classes": {"SRIOV_NET_VF"}}

names = st.sampled_from(["0000:3b:00.0", "0000:af:00.0", "0000:AF:00.0", "10000:e1:00.0", "mtty", "matrix", "0.0.0313"])
totals = st.one_of(st.none(), st.integers(0, 40))
texts = st.one_of(st.text(max_size=8), st.sampled_from(["GRID T4-2B", "NVIDIA RTX Pro 6000 Blackwell DC-4Q", "T4"]))


@st.composite
def cards(draw):
    """Generate cards of resolve, and some that it never returns."""
    name = draw(names)
    pci = ":" in name
    type_name = draw(st.one_of(st.none(), texts))
    known = type_name is not None
    parents = st.builds(dict, name=names, numa_node=st.none(), total=st.integers(0, 20))
    return {
        "name": name,
        "address": name if pci else None,
        "profile": "p",
        "owner": draw(st.sampled_from(["nova", "cyborg", "none"])),
        "vendor_id": draw(st.sampled_from(["10de", "8086"])) if pci else None,
        "product_id": "1eb8" if pci else None,
        "vf_product_id": draw(st.sampled_from([None, "1889"])),
        "class": draw(st.sampled_from(["0302", "0200"])) if pci else None,
        "numa_node": draw(st.sampled_from([None, 0, 1])),
        "mode": draw(st.sampled_from([None, "pf", "vf"])) if pci and not known else None,
        "framework": draw(st.sampled_from(["mdev", "vendor_vfio"])) if known or not pci else None,
        "type": {"id": "nvidia-1", "name": type_name or None, "device_api": "vfio-pci"} if known else None,
        "parents": draw(st.lists(parents, max_size=3)) if known else [],
        "count": draw(st.sampled_from([None, "max", 2])),
        "total": draw(totals),
        "resource_class": draw(st.sampled_from([None, "VGPU", "PGPU", "CUSTOM_A", "SRIOV_NET_VF", "bad"])),
        "traits": draw(st.lists(st.sampled_from(["CUSTOM_A", "CUSTOM_B", "HW_NIC_SRIOV", "OWNER_NOVA"]), max_size=2)),
    }


@given(
    cards=st.lists(cards(), max_size=4),
    shape=st.sampled_from([None, "nova", "cyborg", "own"]),
    agent=st.booleans(),
    host=st.sampled_from([None, "node", "NODE", "other"]),
    exact=st.booleans(),
    drain=st.one_of(st.booleans(), st.lists(names, max_size=2)),
    mode=st.sampled_from([None, "exact"]),
    preview=st.booleans(),
)
def test_placement_inventory_accepts_whatever_comes_out(cards, shape, agent, host, exact, drain, mode, preview):
    options = {**OPTIONS, "shape": shape, "cyborg_agent": agent, "cyborg_host": host, "exact_names": exact}
    options.update(drain=drain, traits_mode=mode, preview=preview)
    providers, problems = provider_tree.providers({"cards": cards}, options)
    if problems:
        assert all(isinstance(sentence, str) for sentence in problems)
        return
    settings = {**placement_fake.OPTIONS, "traits_mode": mode}
    wanted = placement_wanted.parse_providers(providers, settings)
    fresh = plan.plan_providers(placement_fake.state(placement_fake.root(), **KNOWN), wanted, settings)
    assert {step["name"] for step in fresh["steps"]} == {one["name"] for one in providers if not one.get("optional")}
    # Now with everything that nova and Cyborg create.
    others = [
        placement_fake.provider(f"00000000-0000-0000-0001-{place:012}", one["name"], traits=["OWNER_NOVA"])
        for place, one in enumerate(providers[1:])
        if one.get("optional") and "traits" in one
    ]
    state = placement_fake.state(placement_fake.root(), *others, **KNOWN)
    planned = plan.plan_providers(state, wanted, settings)
    done = {one["name"] for one in [*planned["steps"], *planned["kept"]]}
    assert {one["name"] for one in others} <= done


def test_whatever_the_root_is_called():
    for root in ("", " ", "n" * 200, "n\n"):
        problems = provider_tree.providers({"cards": []}, {**OPTIONS, "root": root})[1]
        assert len(problems) == (root != "n" * 200)


def test_cards_that_guests_of_mediated_devices_would_get():
    nic = {"name": "0000:85:00.0", "profile": "q", "owner": "none", "traits": ["CUSTOM_A"]}
    for resource_class, traits, is_refused in (
        ("CUSTOM_X", [], True),
        ("CUSTOM_X", ["CUSTOM_A"], True),
        ("CUSTOM_X", ["CUSTOM_B"], False),
        ("CUSTOM_Y", [], False),
    ):
        cards = [mdevs(resource_class=resource_class, traits=traits), ports(resource_class="CUSTOM_X", **nic)]
        _listed, problems = provider_tree.providers(plan_of(*cards), OPTIONS)
        assert bool(problems) == is_refused
    drained = {**OPTIONS, "drain": True}
    cards = [whole(name="0000:86:00.0"), ports(resource_class="CUSTOM_X", **nic)]
    assert not [one for one in provider_tree.providers(plan_of(*cards), drained)[1] if "guests that ask" in one]
