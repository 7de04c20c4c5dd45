# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that nova's resource tracker reports the inventory of the plan to a real Placement.

A real libvirtd lists the node devices of each simulated host once.
"""

from __future__ import annotations

import subprocess
import uuid

import pytest
from ansible_collections.vfio.devices.plugins.filter import (
    cyborg_config,
    flavor_extra_specs,
    nova_config,
    provider_config,
    resolve,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt, nova_mdev, nova_pci
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_tree import placement_tree
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    current_parent,
    has_mdevs,
    share_name,
)
from ansible_collections.vfio.devices.tests.integration.libvirt import daemon
from ansible_collections.vfio.devices.tests.integration.nova.conftest import answer
from ansible_collections.vfio.devices.tests.integration.nova.test_mixtures import brought_to
from ansible_collections.vfio.devices.tests.integration.placement import pusher
from ansible_collections.vfio.devices.tests.simhost import plain
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated

RELEASES = (29, 31, 34)
MANAGED = "COMPUTE_MANAGED_PCI_DEVICE"
BY_NOVA = {MANAGED, "OWNER_NOVA", "HW_PCI_LIVE_MIGRATABLE", "HW_PCI_ONE_TIME_USE"}


def t4(name, card, **more):
    return {"name": name, "select": [card], "vgpu": {"type": "GRID T4-2B", "count": 0}, **more}


def functions(name, card, number, **more):
    return {"name": name, "select": [card], "mode": "vf", "num_vfs": number, **more}


IN_PLACEMENT = {"report_in_placement": True, "pci_in_placement": True}
L40S = {
    **functions("large", "0000:84:00.0", "max", nova={"alias": "large"}),
    "vgpu": {"type": "NVIDIA L40S-8Q", "count": 3},
}
# Names of hosts whose cards are in one host, profiles and options of nova_config.
SCENARIOS = {
    "mediated devices": (
        "t4 a40",
        [
            t4("gold", "0000:3b:00.0", placement={"traits": ["CUSTOM_GOLD"]}),
            t4("own", "0000:af:00.0", placement={"traits": ["CUSTOM_SILVER"]}, vgpu={"type": "GRID T4-4Q", "count": 2}),
            {
                **functions("mix", "0000:41:00.0", "max"),
                "vgpu": [
                    {"type": "NVIDIA A40-8Q", "count": 2, "placement": {"resource_class": "CUSTOM_GOLD"}},
                    {"type": "NVIDIA A40-4Q", "count": "max", "placement": {"resource_class": "CUSTOM_SMALL"}},
                ],
            },
        ],
        {},
    ),
    "vendor-specific vGPUs": ("l40s", [L40S], {}),
    "vendor-specific vGPUs in Placement": (
        "l40s",
        [{**L40S, "placement": {"resource_class": "CUSTOM_LARGE", "traits": ["CUSTOM_GOLD"]}}],
        IN_PLACEMENT,
    ),
    "network cards": (
        "nics",
        [functions("nfv", "0000:31:00.0", 4, nova={"alias": "nfv"})],
        {},
    ),
    # A guest has a device of another type, and neutron has virtual functions with the same ids.
    "all kinds": (
        "mixed",
        [
            {"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B", "count": 0}},
            functions("nfv", "0000:5e:00.0", 4, nova={"alias": "nfv"}),
            functions("ports", "0000:d8:00.0", 8, nova={"physical_network": "physnet1"}),
        ],
        IN_PLACEMENT,
    ),
    "all frameworks": (
        "t4 a40 l40s mtty",
        [
            t4("gold", "0000:3b:00.0", placement={"traits": ["CUSTOM_GOLD"]}),
            {
                **functions("virtual", "0000:41:00.0", "max", placement={"resource_class": "CUSTOM_A40"}),
                "vgpu": {"type": "NVIDIA A40-8Q", "count": 0},
            },
            {**L40S, "placement": {"traits": ["CUSTOM_LARGE"]}},
            {
                "name": "serial",
                "select": ["mtty"],
                "vgpu": {"type": "Single port serial", "count": 0},
                "placement": {"resource_class": "CUSTOM_SERIAL"},
            },
            {"name": "whole", "select": ["0000:81:00.0"], "mode": "pf", "nova": {"alias": "whole"}},
        ],
        IN_PLACEMENT,
    ),
    "network cards in Placement": (
        "nics",
        [
            functions("nfv", "0000:31:00.0", 4, nova={"alias": "nfv"}, placement={"traits": ["CUSTOM_FAST"]}),
            functions("slow", "0000:31:00.1", 2, nova={"alias": "slow"}, placement={"traits": ["CUSTOM_SLOW"]}),
        ],
        IN_PLACEMENT,
    ),
}


def is_of(profile, facts):
    """Return whether a profile of several hosts selects cards of this one."""
    names = [one["address"] for one in facts["physical_functions"]] + [one["name"] for one in facts["parents"]]
    return isinstance(profile["select"], str) or profile["select"][0] in names


def merge(facts, others, place):
    """Add the facts of a host to those of others, as if its cards were in one host with IOMMU groups of their own."""
    functions = [one for card in others["physical_functions"] for one in (card, *card["virtual_functions"])]
    for one in (*functions, *others["devices"]):
        one["iommu_group"] = one["iommu_group"] and 1000 * place + one["iommu_group"]
    for part in others:
        if isinstance(others[part], list):
            facts[part] = facts.get(part, []) + others[part]
    facts.setdefault("iommu", {**others["iommu"], "shared_groups": []})


@pytest.fixture(scope="module", params=SCENARIOS)
def scene(request, tmp_path_factory):
    """Return a converged host with its node devices and its plan."""
    daemon.require()
    profile, profiles, options = SCENARIOS[request.param]
    tree = tmp_path_factory.mktemp("host")
    facts = {}
    for place, name in enumerate(profile.split()):
        host = Simulated(name)
        own = [one for one in profiles if is_of(one, host.facts())]
        merge(facts, brought_to(host, own)[1], place)
        of_host = tmp_path_factory.mktemp(name)
        plain.write(host.kernel, of_host)
        # Names of devices differ between the hosts.
        subprocess.run(["cp", "-rnP", f"{of_host}/.", tree], check=True)
    plan = resolve.resolve(profiles, facts)
    devices = list(daemon.ask(tree)["devices"].values())
    return {"plan": plan, "tree": tree, "devices": devices, "options": options, "seen": f"node-{uuid.uuid4().hex}"}


def expected(plan, root, options):
    """Return totals by class and traits of each provider of the plan."""
    found = {}
    for card in cards_of(plan, "nova"):
        for parent in map(current_parent, card["parents"]) if has_mdevs(card) else ():
            if parent["total"]:
                totals = {nova_mdev.resource_class(card): parent["total"]}
                found[f"{root}_{libvirt.node_device(parent['name'])}"] = totals, sorted(card["traits"])
    for card in nova_pci.cards(plan) if options.get("report_in_placement") else ():
        if not card["nova"].get("physical_network"):
            product = card["product_id"] if card["mode"] == "pf" else card["vf_product_id"]
            name = card["resource_class"] or f"CUSTOM_PCI_{card['vendor_id']}_{product}".upper()
            found[f"{root}_{card['address'].upper()}"] = {name: card["total"]}, sorted(card["traits"])
    return found


def reported(cloud, root):
    return {
        name: (
            {key: one["total"] for key, one in provider["inventories"].items()},
            sorted(set(provider["traits"]) - BY_NOVA),
        )
        for name, provider in cloud.tree(root).items()
        if name != root
    }


def candidates(cloud, root, asked):
    """Return the providers that the scheduler would use; ``asked`` is a list of parameters."""
    words = "&".join(f"{key}={value}" for key, value in asked)
    found = cloud("GET", f"/allocation_candidates?{words}")["allocation_requests"]
    tree = {cloud.provider(name)["uuid"]: name for name in cloud.tree(root)}
    return {tree[one] for request in found for one in request["allocations"] if one in tree}


@pytest.mark.parametrize("release", RELEASES)
def test_inventory(scene, release, cloud, tracked, file):
    plan, options = scene["plan"], scene["options"]
    root = f"{scene['seen']}-{release}"
    if release < 31 and any(card["framework"] == "vendor_vfio" for card in plan["cards"]):
        pytest.skip("this release cannot use them")
    if release < 34 and any(card["name"] == "mtty" for card in plan["cards"]):
        pytest.skip("this release cannot use virtual parents")
    text = nova_config.nova_config(plan, release, **options)
    traits = provider_config.provider_config(plan, root, release)
    flavors = flavor_extra_specs.flavor_extra_specs(plan)
    found = tracked(scene, root, release, text, traits, flavors)
    assert "error" not in found, found
    wanted = expected(plan, root, options)
    assert reported(cloud, root) == wanted
    # The module has nothing to change after nova.
    providers = placement_tree(plan, root, root_optional=False)
    assert pusher.push(cloud.url, providers)["changed"] is False
    for card in cards_of(plan, "nova"):
        specs = flavors.get(share_name(card))
        if specs is None:
            assert card["nova"]["physical_network"]
            continue
        own = expected(
            {**plan, "cards": [one for one in plan["cards"] if one["profile"] == card["profile"]]}, root, options
        )
        got = found["gets"][share_name(card)]
        if has_mdevs(card):
            asked = [("resources", f"{nova_mdev.resource_class(card)}:1")]
            asked += [("required", name) for name in card["traits"]]
            own = {name for name, (totals, dummy) in own.items() if nova_mdev.resource_class(card) in totals}
            assert candidates(cloud, root, asked) == own, specs
        elif got["groups"]:
            ((resources, required),) = got["groups"]
            asked = [("resources", f"{name}:{amount}") for name, amount in resources.items()]
            asked += [("required", name) for name in required]
            assert candidates(cloud, root, asked) == set(own), specs
        else:
            assert len(got["devices"]) == card["total"]
            assert set(got["devices"]) <= set(card["virtual_functions"]) | {card["address"]}


def lspci(facts):
    """Return the output of lspci for the PCI functions of a host, with the names of their classes."""
    cards = facts["physical_functions"]
    functions = [(card, card["class"], card["product_id"], card["vendor_id"]) for card in cards]
    functions += [
        (one, card["class"], card["vf_product_id"], card["vendor_id"])
        for card in cards
        for one in card["virtual_functions"]
    ]
    names = {"0300": "VGA compatible controller", "0302": "3D controller"}
    return "\n".join(
        f"{one['address']} {names.get(kind, 'Ethernet controller')} [{kind}]: Maker Card [{vendor}:{product}] (rev a1)"
        for one, kind, product, vendor in functions
    )


def test_a_cyborg_agent_on_a_host_of_all_frameworks(cloud, started, tmp_path):
    """Check that the agent makes exactly the providers of the plan, although cards have virtual functions."""
    profiles = [
        {"name": "desktops", "select": ["0000:3b:00.0"], "vgpu": {"type": "GRID T4-2B"}},
        {"name": "cad", "select": ["0000:af:00.0"], "vgpu": {"type": "GRID T4-4Q"}},
        {"name": "whole", "select": "contains(['2235', '26b9'], product_id)"},
    ]
    profiles = [{**one, "owner": "cyborg"} for one in profiles]
    facts = {}
    for place, name in enumerate(("t4", "a40", "l40s", "mtty")):
        host = Simulated(name)
        merge(facts, host.facts(), place)
        plain.write(host.kernel, tmp_path / name)
        subprocess.run(["cp", "-rnP", f"{tmp_path / name}/.", tmp_path / "tree"], check=True)
    plan = resolve.resolve(profiles, facts)
    root = f"cyborg-{uuid.uuid4().hex}"
    cloud.make(root, traits=["COMPUTE_NODE"])
    (tmp_path / "cyborg.conf").write_text(cyborg_config.cyborg_config(plan))
    question = {"path": "gpus", "tree": str(tmp_path / "tree"), "file": str(tmp_path / "cyborg.conf"), "host": root}
    question.update(lspci=lspci(facts), placement=cloud.url, parent=cloud.provider(root)["uuid"])
    found = answer(started("cyborg", None), question)
    assert "error" not in found, found
    tree = cloud.tree(root)
    planned = {one["name"]: one for one in placement_tree(plan, root, cyborg_agent=False)[1:]}
    assert set(planned) | {root} == set(tree)
    for name, one in planned.items():
        assert cloud.provider(name)["uuid"] == one["uuid"]
        assert sorted(tree[name]["traits"]) == one["traits"]
        totals = {key: inventory["total"] for key, inventory in tree[name]["inventories"].items()}
        assert totals == {key: inventory["total"] for key, inventory in one["inventories"].items()}
    # The module has nothing to change, with and without an agent.
    for agent in (True, False):
        assert pusher.push(cloud.url, placement_tree(plan, root, cyborg_agent=agent))["changed"] is False


def test_a_cyborg_agent_that_comes_later(cloud, started):
    """Check that the agent reuses providers in its shape, because names and UUIDs are equal."""
    cloud.make("node-of-cyborg", traits=["COMPUTE_NODE"])
    plan = resolve.resolve(
        [{"name": "t4", "select": "product_id == '1eb8'", "owner": "cyborg"}], Simulated("t4").facts()
    )
    pusher.push(cloud.url, placement_tree(plan, "node-of-cyborg", cyborg_agent=False))
    before = cloud.tree("node-of-cyborg")
    providers = [name for name, one in before.items() if one["parent"]]
    root = cloud.provider("node-of-cyborg")["uuid"]
    asked = [[name, "PGPU", before[name]["traits"][:1], 1, root] for name in providers]
    found = answer(started("cyborg", None), {"path": "providers", "placement": cloud.url, "providers": asked})
    assert found == [cloud.provider(name)["uuid"] for name in providers]
    assert len(found) == 2
    assert cloud.tree("node-of-cyborg") == before
