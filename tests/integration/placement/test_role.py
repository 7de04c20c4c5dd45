# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the role placement on simulated hosts: from profiles to trees of a real Placement, in one call for all hosts.

Then run the role report, which reads these trees.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

MARKER = "CUSTOM_OWNER_VFIO_DEVICES"
GUEST = "66666666-0000-0000-0000-000000000001"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["t4=2", "mixed", "a40"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def play(fleet, proxy, tmp_path):
    """Runs a role; ``writes`` are the writes to Placement, ``said`` is the output."""

    def play(profiles, *arguments, hosts=("t4-1", "t4-2"), environment=None, role="placement", **variables):
        inventory = simulated.inventory(fleet, {host: profiles.get(host) or {} for host in hosts}, **variables)
        book = [{"hosts": "all", "gather_facts": False, "roles": [f"vfio.devices.{role}"]}]
        (tmp_path / "hosts.yml").write_text(inventory)
        (tmp_path / "play.yml").write_text(json.dumps(book))
        if environment is None:
            environment = {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": proxy.url, "OS_TOKEN": "admin"}
        proxy.requests.clear()
        done = subprocess.run(
            ["ansible-playbook", "-i", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml"), *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        play.writes = proxy.writes()
        play.said = done.stdout + done.stderr
        play.changed = sum(int(number) for number in re.findall(r"changed=(\d+)", done.stdout))
        return done.returncode

    return play


@pytest.fixture
def nodes(cloud, request):
    """Create compute nodes with unique names for each test, by host name."""
    names = {host: f"{host}.{request.node.name}" for host in ("t4-1", "t4-2", "mixed", "a40")}
    for name in names.values():
        cloud.make(name, traits=["COMPUTE_NODE", "OWNER_NOVA"])
    return names


def totals(provider):
    return {name: (one["total"], one["reserved"]) for name, one in provider["inventories"].items()}


def by_tail(cloud, root):
    """Map the end of provider names below a root to (inventories, traits without our marker)."""
    return {
        name[len(root) :]: (totals(one), [trait for trait in one["traits"] if trait != MARKER])
        for name, one in cloud.tree(root).items()
        if one["parent"] == root
    }


def of_cyborg(*profiles):
    profiles = [{"name": f"p{place}", "owner": "cyborg", **profile} for place, profile in enumerate(profiles)]
    return {"vfio_profiles": profiles, "placement_cyborg_agent": False}


# Two GPUs with four vGPUs each, and one with a type of the specification next to one without a type.
CYBORG = {
    "t4-1": of_cyborg({"select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-4Q"}}),
    "t4-2": of_cyborg(
        {"select": ["0000:af:00.0"], "vgpu": {"type": "nvidia-223"}}, {"select": ["0000:3b:00.0"], "owner": "cyborg"}
    ),
}
# The vGPUs of this GPU belong to its virtual functions.
BEHIND_FUNCTIONS = of_cyborg({"select": "product_id == '2235'", "vgpu": {"type": "NVIDIA A40-12Q"}})


def test_the_specification_of_cyborg(play, cloud, nodes):
    options = {"hosts": ("t4-1", "t4-2", "a40"), "placement_root": "{{ inventory_hostname }}." + nodes["a40"][4:]}
    hosts = {**CYBORG, "a40": BEHIND_FUNCTIONS}
    assert play(hosts, "--check", "--diff", **options) == 0, play.said
    assert not play.writes
    assert '+            "CUSTOM_NVIDIA_1EB8_T4_2B",' in play.said
    predicted = play.changed

    assert play(hosts, **options) == 0, play.said
    assert play.changed == predicted == 1
    four = {"VGPU": (4, 0)}, ["CUSTOM_NVIDIA_1EB8_T4_4Q", "OWNER_CYBORG"]
    assert by_tail(cloud, nodes["t4-1"]) == {"_0000:3b:00.0": four, "_0000:af:00.0": four}
    assert by_tail(cloud, nodes["t4-2"]) == {
        "_0000:3b:00.0": ({"PGPU": (1, 0)}, ["CUSTOM_NVIDIA_1EB8", "OWNER_CYBORG"]),
        "_0000:af:00.0": ({"VGPU": (8, 0)}, ["CUSTOM_NVIDIA_1EB8_T4_2B", "OWNER_CYBORG"]),
    }
    four = {"VGPU": (4, 0)}, ["CUSTOM_NVIDIA_2235_A40_12Q", "OWNER_CYBORG"]
    assert by_tail(cloud, nodes["a40"]) == {"_0000:41:00.0": four, "_0000:81:00.0": four}

    assert play(hosts, **options) == 0, play.said
    assert (play.changed, play.writes) == (0, [])


OWN = [
    {"name": "ports", "select": ["0000:5e:00.0"], "mode": "vf", "num_vfs": 4, "owner": "none",
     "placement": {"resource_class": "CUSTOM_NIC_VF"}},
    {"name": "t4", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B"},
     "placement": {"traits": ["CUSTOM_TIER_GOLD"]}},
]  # fmt: skip


def test_one_call_for_hosts_that_are_and_hosts_that_are_not_in_placement(play, cloud, nodes):
    """nova has reported one of the two GPUs of one host, and no device of the other host."""
    mixed = nodes["mixed"]
    cloud.make(f"{mixed}_pci_0000_3b_00_0", mixed, ["OWNER_NOVA"], {"VGPU": 8})
    hosts = {"mixed": {"placement_root": mixed}, "t4-1": {"placement_root": "not-there-yet"}}
    assert play(hosts, hosts=("t4-1", "mixed"), vfio_profiles=OWN, placement_root_optional=True) == 0, play.said
    warning = " ".join(play.said.split())
    assert f"does not have it yet: not-there-yet (and 2 below it), {mixed}_pci_0000_af_00_0. nova-compute" in warning
    assert by_tail(cloud, mixed) == {
        "_pci_0000_3b_00_0": ({"VGPU": (8, 0)}, ["CUSTOM_TIER_GOLD", "OWNER_NOVA"]),
        "_vfio_0000:5e:00.0": ({"CUSTOM_NIC_VF": (4, 0)}, ["CUSTOM_NUMA_0"]),
    }


def test_one_refused_host_is_named_and_the_others_are_published(play, cloud, nodes):
    unknown = [{**OWN[0], "placement": {"resource_class": "CUSTOM_NIC_VF", "traits": ["HW_NO_SUCH"]}}]
    hosts = {
        "t4-1": {"placement_root": "nobody", **of_cyborg({"select": "product_id == '1eb8'"})},
        "mixed": {"placement_root": nodes["mixed"], "vfio_profiles": unknown},
        "t4-2": {"placement_root": nodes["t4-2"], **of_cyborg({"select": "product_id == '1eb8'"})},
    }
    assert play(hosts, hosts=tuple(hosts)) == 2, play.said
    assert dict(re.findall(r"^(\S+) .*failed=(\d)", play.said, re.MULTILINE)) == {
        "t4-1": "1",
        "mixed": "1",
        "t4-2": "0",
    }
    assert "Placement rejects the providers of t4-1. The other hosts were published." in play.said
    assert "nobody: there is no provider with this name" in play.said
    assert f"{nodes['mixed']}_vfio_0000:5e:00.0: Placement has no trait HW_NO_SUCH" in play.said
    assert len(by_tail(cloud, nodes["t4-2"])) == 2
    assert by_tail(cloud, nodes["mixed"]) == {}


def test_hosts_of_two_clouds_are_published_with_their_own_logins(play, proxy, service, cloud, nodes):
    """The second cloud has another URL and the third does not answer, so only its host fails."""
    hosts = {
        host: {**CYBORG.get(host, CYBORG["t4-1"]), "placement_root": nodes[host], "placement_auth": {"endpoint": url}}
        for host, url in (("t4-1", proxy.url), ("t4-2", service.url), ("mixed", "http://127.0.0.1:9"))
    }
    token = {"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": "admin"}
    options = {"hosts": ("mixed", "t4-1", "t4-2"), "environment": token}
    assert play(hosts, **options) == 2, play.said
    failed = dict(re.findall(r"^(\S+) .*failed=(\d)", play.said, re.MULTILINE))
    assert failed == {"mixed": "1", "t4-1": "0", "t4-2": "0"}
    assert len(by_tail(cloud, nodes["t4-1"])) == len(by_tail(cloud, nodes["t4-2"])) == 2
    # Only the host of the first cloud was written through its URL.
    assert sum(line.startswith("POST /resource_providers") for line in play.writes) == 2


def test_a_login_that_fails_names_its_error_once(play, nodes):
    root = "{{ inventory_hostname }}." + nodes["t4-1"].partition(".")[2]
    nowhere = {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": "http://127.0.0.1:9", "OS_TOKEN": "admin"}
    assert play(CYBORG, placement_root=root, environment=nowhere) == 2
    assert "Placement was not used for t4-2. The error is that of t4-1." in play.said
    assert play.said.count("FAILED!") == 2


def test_a_card_in_another_slot_and_a_root_with_another_name(play, cloud, nodes):
    """Nothing is offered twice: without guests the old provider is removed, otherwise it is drained."""
    name = nodes["mixed"]
    options = {"hosts": ("mixed",), "vfio_profiles": OWN[:1], "placement_root": name}
    moved = f"{name}_vfio_0000:99:00.0"
    for used in (0, 1):
        cloud.make(moved, name, [MARKER], {"CUSTOM_NIC_VF": 8})
        if used:
            cloud.allocate(GUEST, moved, {"CUSTOM_NIC_VF": 1})
        assert play({}, **options) == 0, play.said
        assert f"{moved} (" in play.said
        tree = cloud.tree(name)
        assert (moved in tree) == bool(used)
    assert totals(tree[moved]) == {"CUSTOM_NIC_VF": (8, 8)}
    assert f"{moved} in Placement belongs to a card that is missing on the host" in play.said
    cloud.free(GUEST)
    assert play({}, **options) == 0, play.said
    assert list(by_tail(cloud, name)) == ["_vfio_0000:5e:00.0"]

    port = f"{name}_vfio_0000:5e:00.0"
    cloud.allocate(GUEST, port, {"CUSTOM_NIC_VF": 1})
    uuid = cloud.provider(port)["uuid"]
    cloud.rename(name, f"new.{name}")
    options["placement_root"] = f"new.{name}"
    assert play({}, "--check", **options) == 0, play.said
    assert (play.changed, play.writes) == (1, [])
    assert play({}, **options) == 0, play.said
    assert list(by_tail(cloud, f"new.{name}")) == ["_vfio_0000:5e:00.0"]
    assert cloud.provider(f"new.{port}")["uuid"] == uuid
    assert play({}, **options) == 0, play.said
    assert (play.changed, play.writes) == (0, [])
    cloud.free(GUEST)


def test_a_host_that_was_published_below_another_root(play, cloud, nodes):
    """nova-compute was renamed: the old root remains in Placement with our providers."""
    old, new = nodes["mixed"], f"new.{nodes['mixed']}"
    cloud.make(new, traits=["COMPUTE_NODE", "OWNER_NOVA"])
    options = {"hosts": ("mixed",), "vfio_profiles": OWN[:1], "placement_publish": True}
    assert play({}, placement_root=old, **options) == 0, play.said
    # The providers, and the record of their root.
    assert play.changed == 2
    cloud.allocate(GUEST, f"{old}_vfio_0000:5e:00.0", {"CUSTOM_NIC_VF": 1})
    assert play({}, placement_root=new, **options) == 2
    said = " ".join(play.said.split())
    assert f"{new}: This host was published below the root {old} (" in said
    assert f"Guests still have 1 of CUSTOM_NIC_VF of {old}_vfio_0000:5e:00.0 (" in said
    assert f"set placement_root: {old}." in said
    assert not play.writes

    cloud.free(GUEST)
    assert play({}, "--check", placement_root=new, **options) == 0, play.said
    assert (play.changed, play.writes) == (2, [])
    assert play({}, placement_root=new, **options) == 0, play.said
    assert (by_tail(cloud, old), list(by_tail(cloud, new))) == ({}, ["_vfio_0000:5e:00.0"])
    assert play({}, placement_root=new, **options) == 0, play.said
    assert (play.changed, play.writes) == (0, [])

    # Another host of the inventory has this root now.
    hosts = {"mixed": {"placement_root": old}, "t4-1": {"placement_root": new, "vfio_profiles": []}}
    assert play(hosts, "--limit", "mixed", **{**options, "hosts": ("mixed", "t4-1")}) == 0, play.said
    assert list(by_tail(cloud, new)) == ["_vfio_0000:5e:00.0"]


def test_drain_purge_and_absent(play, cloud, nodes):
    name = nodes["mixed"]
    options = {"hosts": ("mixed",), "vfio_profiles": OWN[:1], "placement_root": name}
    assert play({}, **options) == 0, play.said
    assert play({}, **options, placement_drain=["0000:5e:00.0"]) == 0, play.said
    port = f"{name}_vfio_0000:5e:00.0"
    assert totals(cloud.tree(name)[port]) == {"CUSTOM_NIC_VF": (4, 4)}
    assert play({}, "--check", **options) == 0, play.said
    assert play.changed == 1
    assert play({}, **{**options, "vfio_profiles": []}) == 0, play.said
    assert (play.changed, totals(cloud.tree(name)[port])) == (0, {"CUSTOM_NIC_VF": (4, 4)})
    assert (
        f"WARNING: {port} in Placement belongs to a card that is missing on the host or no longer published"
        in play.said
    )

    assert play({}, **options) == 0, play.said
    cloud.allocate(GUEST, port, {"CUSTOM_NIC_VF": 1})
    assert play({}, **options, placement_state="absent") != 0
    assert "1 of CUSTOM_NIC_VF are in use" in play.said
    cloud.free(GUEST)
    assert play({}, **{**options, "vfio_profiles": []}, placement_purge=True) == 0, play.said
    assert "belongs to a card" not in play.said
    assert by_tail(cloud, name) == {}

    assert play({}, **options) == 0, play.said
    assert play({}, **options, placement_state="absent") == 0, play.said
    assert (play.changed, by_tail(cloud, name)) == (1, {})


def test_conflicts_name_host_profile_and_card_before_anything_is_written(play, cloud, nodes):
    hosts = {"mixed": {"placement_root": nodes["mixed"], "placement_drain": True}}
    assert play(hosts, hosts=("mixed",), vfio_profiles=OWN) != 0
    assert "profile t4, 0000:3b:00.0, 0000:af:00.0: it cannot be drained in Placement" in play.said
    assert play.writes == []


def test_credentials_in_variables_are_not_shown(play, proxy, nodes):
    auth = {"endpoint": proxy.url, "token": "hidden-token"}
    options = {"hosts": ("t4-1",), "placement_root": nodes["t4-1"], "environment": {}}
    assert play(CYBORG, "-vvv", **options, placement_auth_type="admin_token", placement_auth=auth) != 0
    assert "Placement says 403" in play.said
    assert "hidden-token" not in play.said
    assert play(CYBORG, "-vvv", **options, placement_auth="hidden-token") != 0
    assert "placement_auth" in play.said
    assert "hidden-token" not in play.said


def test_the_report_has_placement_beside_the_hosts(play, cloud, nodes, proxy, tmp_path):
    """One GPU has fewer vGPUs in Placement than on the host and lacks a trait; the other GPU is missing there."""
    mixed = nodes["mixed"]
    cloud.make(f"{mixed}_pci_0000_3b_00_0", mixed, ["OWNER_NOVA"], {"VGPU": 4})
    page = tmp_path / "report.html"
    hosts = {"mixed": {"report_placement_root": mixed}, "t4-1": {"report_placement_root": "not-there-yet"}}
    options = {"role": "report", "hosts": ("mixed", "t4-1"), "report_path": str(page), "vfio_profiles": OWN[1:]}
    assert play(hosts, "-e", "report_placement=true", **options) == 0, play.said
    assert (play.changed, play.writes) == (0, [])
    requests = len(proxy.requests)
    text = page.read_text(encoding="utf-8")
    for words in (
        "<code>pci_0000_3b_00_0</code>",
        "Without CUSTOM_TIER_GOLD in Placement",
        "A total of 4 in Placement",
        "No provider in Placement, which the service of owner nova creates",
        "No provider of the host in Placement, so its cards have no providers",
    ):
        assert words in text
    assert play(hosts, "--check", "-e", "report_placement=true", **options) == 0, play.said
    assert len(proxy.requests) == requests

    # The first host sends no request, and the other does.
    asked = {**hosts, "mixed": {**hosts["mixed"], "report_placement": True}}
    assert play(asked, **{**options, "hosts": ("t4-1", "mixed")}) == 0, play.said
    text = page.read_text(encoding="utf-8")
    assert "A total of 4 in Placement" in text
    assert "No provider of the host in Placement" not in text

    nowhere = {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": "http://127.0.0.1:9", "OS_TOKEN": "admin"}
    assert play(hosts, "-e", "report_placement=true", environment=nowhere, **options) == 0, play.said
    assert "Placement was not read: " in page.read_text(encoding="utf-8")
