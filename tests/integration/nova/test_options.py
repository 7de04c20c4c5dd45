# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say each option of nova in a profile: the first release with it gets it, and older releases are refused.

``test_hosts`` has the options that depend on the state of a host.
"""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import flavor_extra_specs, nova_config, resolve
from ansible_collections.vfio.devices.tests.integration.nova.conftest import VERSIONS
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

RELEASES = (21, 28, 34)
WITH_USERS = ("physical_functions", "parents", "devices", "iommu", "users")
CARD = "0000:31:00.0"
NFV = {"name": "p", "select": [CARD], "mode": "vf", "num_vfs": 4}
WHOLE = {"name": "p", "select": [CARD], "mode": "pf"}
T4 = {"name": "p", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B", "count": 0}}
TRAITS = {"placement": {"traits": ["CUSTOM_FAST"], "resource_class": "CUSTOM_NFV"}}
REPORTED = {"report_in_placement": True}
REQUESTED = {**REPORTED, "pci_in_placement": True}


def tags(found):
    """Return the tags of the devices that nova assigns, without duplicates."""
    return [dict(one) for one in {tuple(sorted(one.items())) for one in found["assignable"].values()}]


def alias(found):
    policy, (specs,) = found["aliases"]["a"]
    return {"numa_policy": policy, **{key: value for key, value in specs.items() if not key.endswith("_id")}}


def of_function(**more):
    return {"numa_policy": "legacy", "dev_type": "type-VF", **more}


# Option: profile, options of nova_config, first release, and what a function of the answer returns.
SAID = {
    "physical_network": ({**NFV, "nova": {"physical_network": "one"}}, {}, 21, tags, [{"physical_network": "one"}]),
    "trusted": (
        {**NFV, "nova": {"physical_network": "one", "trusted": True}},
        *({}, 21, tags, [{"physical_network": "one", "trusted": "true"}]),
    ),
    "remote_managed": (
        {**NFV, "nova": {"physical_network": "one", "remote_managed": True}},
        *({}, 25, tags, [{"physical_network": "one", "remote_managed": "true"}]),
    ),
    "alias": ({**NFV, "nova": {"alias": "a"}}, {}, 21, alias, of_function()),
    "numa_policy": (
        {**NFV, "nova": {"alias": "a", "numa_policy": "required"}},
        *({}, 21, alias, of_function(numa_policy="required")),
    ),
    "numa_policy socket": (
        {**NFV, "nova": {"alias": "a", "numa_policy": "socket"}},
        *({}, 23, alias, of_function(numa_policy="socket")),
    ),
    "traits and class of an alias": (
        {**NFV, "nova": {"alias": "a", "numa_policy": "preferred"}, **TRAITS},
        *(REQUESTED, 27, alias),
        of_function(numa_policy="preferred", resource_class="CUSTOM_NFV", traits="CUSTOM_FAST"),
    ),
    "report_in_placement": (
        {**NFV, "nova": {"alias": "a"}, **TRAITS},
        *(REPORTED, 26, lambda found: found["providers"]),
        {f"node_{CARD}": ["CUSTOM_NFV", 4, ["COMPUTE_MANAGED_PCI_DEVICE", "CUSTOM_FAST"]]},
    ),
    "vfs": (
        {**NFV, "nova": {"alias": "a", "vfs": ["0", "2-3"]}},
        *({}, 21, lambda found: len(found["gets"]["a"]), 3),
    ),
    "live_migratable": (
        {**NFV, "nova": {"alias": "a", "live_migratable": True}, "vf_driver": "mlx5_vfio_pci"},
        *({}, 31, tags, [{"live_migratable": "true", "managed": "false"}]),
    ),
    "one_time_use": (
        {**WHOLE, "nova": {"alias": "a", "one_time_use": True}},
        *(REPORTED, 32, lambda found: found["providers"][f"node_{CARD}"][2]),
        ["COMPUTE_MANAGED_PCI_DEVICE", "HW_PCI_ONE_TIME_USE"],
    ),
    "max_instances": ({**T4, "nova": {"max_instances": 16}}, {}, 29, lambda found: [*found["limits"].values()], [16]),
    "resource_class": (
        {**T4, "placement": {"resource_class": "CUSTOM_T4"}},
        *({}, 29, lambda found: {*found["classes"].values()}, {"CUSTOM_T4"}),
    ),
}


@pytest.fixture(scope="module")
def hosts():
    """Return the facts of a host with a network card in the mode of NFV, and of one with GPUs."""
    run = Switch(Simulated("nics"))
    run({"pf": CARD, "mode": "vf", "num_vfs": "4"})
    facts = run.host.facts(*WITH_USERS)
    (card,) = (one for one in facts["physical_functions"] if one["address"] == CARD)
    card["has_serial_number"] = True
    return {"nics": facts, "t4": Simulated("t4").facts(*WITH_USERS)}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("option", SAID)
def test_an_option(nova, hosts, option, release):
    profile, options, first, read, expected = SAID[option]
    facts = hosts["t4" if profile["select"] == T4["select"] else "nics"]
    found = nova([profile], facts, release, **options)
    if release < first:
        assert "refused" in found, found
        assert "nova" in found["refused"]
    else:
        assert "error" not in found and "refused" not in found, found
        assert read(found) == expected


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("profile", [{**NFV, "nova": {"alias": "a", "count": 2}}, {**T4, "nova": {"count": 2}}])
def test_several_devices_for_a_guest(ask, file, hosts, profile, release):
    facts = hosts["nics" if profile["select"] == [CARD] else "t4"]
    plan = resolve.resolve([profile], facts)
    try:
        text = nova_config.nova_config(plan, release)
    except AnsibleFilterError as error:
        assert "vgpu" in profile and release < 33, error
        return
    specs = flavor_extra_specs.flavor_extra_specs(plan)["p"]
    found = ask("nova", "flavor", [str(file(text)), specs], version=VERSIONS[release])
    # nova assigns one mediated device for each group.
    groups = [{"resources": {"VGPU": 1}}] * 2 if "vgpu" in profile else []
    assert found == {"requests": [] if groups else [2], "groups": groups}


def test_post_copy_prevents_the_migration_of_a_device(hosts):
    profile = SAID["live_migratable"][0]
    with pytest.raises(AnsibleFilterError, match="cannot be migrated with post-copy"):
        nova_config.nova_config(resolve.resolve([profile], hosts["nics"]), 34, post_copy=True)
