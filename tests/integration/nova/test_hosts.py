# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check how many nova releases, and Cyborg, interpret the settings of simulated hosts with all their devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import (
    cyborg_config,
    cyborg_device_profiles,
    nova_config,
    resolve,
)
from ansible_collections.vfio.devices.plugins.module_utils._services import nova_names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release
from ansible_collections.vfio.devices.tests.integration.nova.conftest import VERSIONS
from ansible_collections.vfio.devices.tests.integration.nova.nodes import node_devices, pci_functions
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

RELEASES = list(VERSIONS)
WITH_USERS = ("physical_functions", "parents", "devices", "iommu", "users")
T4 = {"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B", "count": 0}}


def node_name(address):
    return f"pci_{address.replace(':', '_').replace('.', '_')}"


@pytest.mark.parametrize("release", RELEASES)
def test_all_cards_of_a_type(nova, release):
    found = nova([T4], Simulated("t4").facts(*WITH_USERS), release)
    assert found["offers"] == {node_name("0000:3b:00.0"): 8, node_name("0000:af:00.0"): 8}


@pytest.mark.parametrize("release", RELEASES)
def test_a_card_of_two(nova, release):
    found = nova([{**T4, "select": ["0000:af:00.0"]}], Simulated("t4").facts(*WITH_USERS), release)
    if release < 29:
        assert "would use 0000:3b:00.0 of no profile too" in found["refused"]
    else:
        assert found["offers"] == {node_name("0000:af:00.0"): 8}


@pytest.mark.parametrize("gather", [WITH_USERS, WITH_USERS[:-1]])
@pytest.mark.parametrize("release", RELEASES)
def test_a_card_that_changes_its_type_while_a_guest_has_it(nova, release, gather):
    host = Simulated("t4")
    facts = host.facts(*WITH_USERS)
    ids = {one["name"]: one["id"] for one in facts["parents"][0]["types"]}
    uuid = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
    host.create("0000:3b:00.0", ids["GRID T4-1B"], uuid)
    host.kernel.hold(uuid)
    found = nova([T4], host.facts(*gather), release, release >= 24)
    if release < 22:
        assert "uses the first type alone of nvidia-222, nvidia-223" in found["refused"]
        return
    assert found["offers"] == {node_name("0000:3b:00.0"): 16, node_name("0000:af:00.0"): 8}
    host.kernel.release(uuid)
    host.write(f"sys/bus/mdev/devices/{uuid}/remove", "1")
    assert set(nova([T4], host.facts(*gather), release)["offers"].values()) == {8}


A40 = {"name": "mix", "select": ["0000:41:00.0"], "mode": "vf", "num_vfs": "max"}
L40S = {**A40, "select": ["0000:84:00.0"]}


@pytest.mark.parametrize("is_made", [False, True])
@pytest.mark.parametrize("release", [release for release in RELEASES if release > 22])
def test_two_types_on_the_virtual_functions_of_a_card(nova, release, is_made):
    host = Simulated("a40")
    gold = {"type": "NVIDIA A40-8Q", "count": 2, "placement": {"resource_class": "CUSTOM_GOLD"}}
    profile = {**A40, "vgpu": [gold, {"type": "NVIDIA A40-4Q", "count": "max"}]}
    if is_made:
        host.converge(*resolve.resolve([profile], host.facts(*WITH_USERS))["instances"], exact=True)
    found = nova([profile], host.facts(*WITH_USERS), release)
    ids = {one["name"]: one["id"] for one in host.facts()["parents"][0]["types"]}
    by_type = {}
    for address, kind in found["addresses"].items():
        by_type.setdefault(kind, []).append(address)
    large, small = by_type[ids[gold["type"]]], by_type[ids["NVIDIA A40-4Q"]]
    assert (len(by_type), len(large), len(small)) == (2, 2, 8)
    assert {found["classes"][address] for address in large} == {"CUSTOM_GOLD"}
    assert {found["classes"][address] for address in small} == {"VGPU"}
    assert dict.fromkeys(map(node_name, found["addresses"]), 1) == found["offers"]


@pytest.mark.parametrize("release", RELEASES)
def test_more_virtual_functions_than_the_card_has_devices(nova, release):
    """Before nova 29, a single type is used on all virtual functions, so the settings need a second type."""
    profile = {**A40, "vgpu": {"type": "NVIDIA A40-8Q", "count": 0}}
    facts = Simulated("a40").facts(*WITH_USERS)
    (card,) = resolve.resolve([profile], facts)["cards"]
    found = nova([profile], facts, release)
    if release < nova_release.SEVERAL_TYPES:
        assert f"nova {release} uses the type on all virtual functions of 0000:41:00.0" in found["refused"]
    else:
        assert card["total"] < len(card["parents"])
        assert sum(found["offers"].values()) == len(found["offers"]) == card["total"]


def test_nova_does_not_start_with_two_classes_on_one_card(nova, ask, file):
    facts = Simulated("l40s").facts(*WITH_USERS)
    classes = ("CUSTOM_SMALL", "CUSTOM_LARGE")
    vgpu = [
        {"type": kind, "count": 2, "placement": {"resource_class": name}, "nova": {"alias": name.lower()}}
        for kind, name in zip(("NVIDIA L40S-4Q", "NVIDIA L40S-8Q"), classes)
    ]
    found = nova([{**L40S, "vgpu": vgpu}], facts, **IN_PLACEMENT)
    assert "nova rejects virtual functions of one card with different resource class" in found["refused"]
    lines = [
        f'device_spec = {{"address": "0000:84:00.{place}", "managed": "no", "resource_class": "{name}"}}'
        for place, name in zip((4, 5), classes)
    ]
    text = "\n".join(["[pci]", "report_in_placement = true", *lines, ""])
    assert "different 'resource_class'" in ask("nova", file(text), pci_functions(facts))["error"]


def test_two_types_on_one_card_under_one_alias(nova):
    facts = Simulated("l40s").facts(*WITH_USERS)
    vgpu = [{"type": "NVIDIA L40S-4Q", "count": 2}, {"type": "NVIDIA L40S-8Q", "count": 3}]
    found = nova([{**L40S, "vgpu": vgpu, "nova": {"alias": "any"}}], facts, **IN_PLACEMENT)
    assert len(found["assignable"]) == 5
    assert found["gets"] == {"any": sorted(found["assignable"])}


@pytest.mark.parametrize("with_parent", [True, False])
@pytest.mark.parametrize("release", RELEASES)
def test_the_names_of_mediated_devices(nova, release, with_parent):
    host = Simulated("t4")
    profile = {**T4, "vgpu": {"type": "GRID T4-2B", "count": 2}}
    host.converge(*resolve.resolve([profile], host.facts())["instances"], exact=True)
    options = {"libvirt": "11.3.0" if with_parent else "7.0.0"}
    point = VERSIONS[release] or "34"
    found = nova([profile], host.facts(*WITH_USERS), release, with_parent, named=point, **options)
    if release < 24 and with_parent:
        assert "cannot parse the names of mediated devices" in found["refused"]
        without = nova([profile], host.facts(*WITH_USERS), release, with_parent)
        assert "ValueError: badly formed hexadecimal UUID string" in without["error"]
    else:
        assert set(found["offers"].values()) == {8}


@pytest.mark.parametrize("release", [29, 31, 33, 34])
def test_a_limit_below_what_there_is(nova, release):
    host = Simulated("a40")
    parents = [parent for parent in host.facts()["parents"] if parent["physical_function"] == "0000:41:00.0"]
    profile = {"name": "a40", "select": ["0000:41:00.0"]}
    type_id = next(one["id"] for one in parents[0]["types"] if one["name"] == "NVIDIA A40-4Q")
    for index in range(3):
        uuid = f"83b8f4f2-509f-382f-3c1e-e6bfe0fa100{index}"
        host.create(parents[index]["name"], type_id, uuid)
    for limit, works in ((2, False), (3, True), (4, True)):
        vgpu = {"vgpu": {"type": "NVIDIA A40-4Q", "count": 0}, "nova": {"max_instances": limit}}
        found = nova([{**profile, **vgpu}], host.facts(*WITH_USERS), release)
        if works:
            assert sum(found["offers"].values()) == limit
        else:
            assert "nova offers none of them" in found["refused"]


@pytest.mark.parametrize("release", RELEASES)
def test_mtty_beside_a_card(nova, ask, file, release):
    facts = Simulated("t4").facts(*WITH_USERS)
    mtty = Simulated("mtty").facts(*WITH_USERS)
    both = {**facts, "parents": facts["parents"] + mtty["parents"]}
    assert "nova fails at the parent mtty" in nova([T4], both, release)["refused"]
    text = nova_config.nova_config(resolve.resolve([T4], facts), release)
    found = ask("nova", file(text), [], node_devices(both), version=VERSIONS[release])
    assert "NoneType" in found["error"]
    serial = {"name": "serial", "select": ["mtty"], "vgpu": {"type": "Single port serial", "count": 0}}
    serial["placement"] = {"resource_class": "CUSTOM_SERIAL"}
    found = nova([T4, serial], both, release)
    if release < 34:
        assert "fails at the parent mtty" in found["refused"]
    else:
        assert found["offers"]["mtty_mtty"] == 24


NFV = {"name": "nfv", "select": ["0000:31:00.0"], "mode": "vf", "num_vfs": 4, "nova": {"alias": "nfv"}}
SLOW = {"name": "slow", "select": ["0000:31:00.1"], "mode": "vf", "num_vfs": 2, "nova": {"alias": "slow"}}
NEUTRON = {**SLOW, "nova": {"physical_network": "physnet1"}}
IN_PLACEMENT = {"report_in_placement": True, "pci_in_placement": True}


@pytest.fixture
def nics():
    run = Switch(Simulated("nics"))
    for profile in (NFV, SLOW):
        run({"pf": profile["select"][0], "mode": "vf", "num_vfs": str(profile["num_vfs"])})
    return run.host


def functions(host, address):
    (card,) = (one for one in host.facts()["physical_functions"] if one["address"] == address)
    return [function["address"] for function in card["virtual_functions"]]


@pytest.mark.parametrize("release", RELEASES)
def test_an_alias_alone(nova, nics, release):
    found = nova([NFV], nics.facts(*WITH_USERS), release)
    assert found["gets"] == {"nfv": functions(nics, "0000:31:00.0")}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("other", [SLOW, NEUTRON])
def test_two_profiles_with_virtual_functions_of_the_same_ids(nova, nics, release, other):
    found = nova([NFV, other], nics.facts(*WITH_USERS), release)
    assert "guests also get 0000:31:00.1 of profile slow" in found["refused"]


@pytest.mark.parametrize("release", [release for release in RELEASES if release > 26])
def test_two_profiles_told_apart_in_placement(nova, nics, release):
    facts = nics.facts(*WITH_USERS)
    assert "guests also get" in nova([NFV, SLOW], facts, release, **IN_PLACEMENT)["refused"]
    told = [{**NFV, "placement": {"traits": ["CUSTOM_FAST"]}}, {**SLOW, "placement": {"traits": ["CUSTOM_SLOW"]}}]
    found = nova(told, facts, release, **IN_PLACEMENT)
    for address, total, alias, trait in (("31:00.0", 4, "nfv", "CUSTOM_FAST"), ("31:00.1", 2, "slow", "CUSTOM_SLOW")):
        resource_class, number, traits = found["providers"][f"node_0000:{address}"]
        assert (resource_class, number) == ("CUSTOM_PCI_8086_1889", total)
        assert trait in traits
        assert found["aliases"][alias][1][0]["traits"] == trait


@pytest.mark.parametrize("release", RELEASES)
def test_a_virtual_function_of_the_host(nova, nics, release):
    kept = {**NFV, "vf_driver": "vfio-pci", "vfs": [{"index": 1, "driver": "iavf"}]}
    found = nova([kept], nics.facts(*WITH_USERS), release)
    names = functions(nics, "0000:31:00.0")
    assert sorted(found["assignable"]) == [names[0], *names[2:]]


@pytest.mark.parametrize("release", RELEASES)
def test_groups_of_virtual_functions(nova, nics, release):
    """Use two physical networks on one card, and one function that the host keeps."""
    groups = [
        {"vfs": "0-1", "physical_network": "physnet1", "trusted": True},
        {"vfs": ["3"], "physical_network": "physnet2"},
    ]
    found = nova([{**NFV, "nova": {"groups": groups}}], nics.facts(*WITH_USERS), release)
    names = functions(nics, "0000:31:00.0")
    assert found["assignable"] == {
        **dict.fromkeys(names[:2], {"physical_network": "physnet1", "trusted": "true"}),
        names[3]: {"physical_network": "physnet2"},
    }
    alike = [{**group, "alias": "nfv"} for group in groups]
    found = nova([{**NFV, "nova": {"groups": alike}}], nics.facts(*WITH_USERS), release)
    assert found["gets"] == {"nfv": [*names[:2], names[3]]}
    alike[1]["alias"] = "other"
    found = nova([{**NFV, "nova": {"groups": alike}}], nics.facts(*WITH_USERS), release)
    assert "alias nfv: guests also get 0000:31:00.0 of profile nfv" in found["refused"]


@pytest.mark.parametrize("release", [21, 24, 34])
def test_functions_with_a_vdpa_device(nova, ask, file, nics, release):
    facts = nics.facts(*WITH_USERS)
    (card,) = (one for one in facts["physical_functions"] if one["address"] == "0000:31:00.0")
    for function in card["virtual_functions"][:2]:
        function["vdpa"] = ["vdpa0"]
    names = functions(nics, "0000:31:00.0")
    neutron = nova([{**NFV, "nova": {"physical_network": "physnet1"}}], facts, release)
    if release < 23:
        assert "have vDPA devices, which nova 21 does not support" in neutron["refused"]
        return
    assert list(neutron["assignable"]) == names
    assert f"{names[0]}, {names[1]} have vDPA devices" in nova([NFV], facts, release)["refused"]
    # The real nova gives guests only the other functions.
    del card["virtual_functions"][0]["vdpa"], card["virtual_functions"][1]["vdpa"]
    text = nova_config.nova_config(resolve.resolve([NFV], facts), release)
    for function in card["virtual_functions"][:2]:
        function["vdpa"] = ["vdpa0"]
    assert ask("nova", file(text), pci_functions(facts), version=VERSIONS[release])["gets"] == {"nfv": names[2:]}
    others = {**NFV, "nova": {"alias": "nfv", "vfs": ["2-3"]}}
    assert nova([others], facts, release)["gets"] == {"nfv": names[2:]}


@pytest.mark.parametrize("has_serial_number", [True, False])
def test_functions_of_a_dpu(nova, ask, file, nics, has_serial_number):
    profile = {**NFV, "nova": {"physical_network": "physnet1", "remote_managed": True}}
    facts = nics.facts(*WITH_USERS)
    text = nova_config.nova_config(resolve.resolve([profile], facts), 34)
    (card,) = (one for one in facts["physical_functions"] if one["address"] == "0000:31:00.0")
    card["has_serial_number"] = has_serial_number
    found = ask("nova", file(text), pci_functions(facts))
    assert "error" not in found, found["error"]
    assigned = list(found["assignable"])
    assert assigned == (functions(nics, "0000:31:00.0") if has_serial_number else [])
    assert ("refused" in nova([profile], facts)) is not has_serial_number


@pytest.mark.parametrize("release", [release for release in RELEASES if release > 26])
def test_groups_in_placement(nova, nics, release):
    groups = [{"vfs": "0-1", "physical_network": "physnet1"}, {"vfs": "2-3", "alias": "nfv"}]
    found = nova([{**NFV, "nova": {"groups": groups}}], nics.facts(*WITH_USERS), release, **IN_PLACEMENT)
    assert found["providers"]["node_0000:31:00.0"][:2] == ["CUSTOM_PCI_8086_1889", 2]
    if release >= 31:
        groups[0] = {"vfs": "0-1", "alias": "nfv", "live_migratable": True}
        found = nova([{**NFV, "nova": {"groups": groups}}], nics.facts(*WITH_USERS), release, **IN_PLACEMENT)
        assert "need the same nova.live_migratable" in found["refused"]


@pytest.fixture
def cyborg(ask, file):
    def cyborg(profiles, facts):
        try:
            text = cyborg_config.cyborg_config(resolve.resolve(profiles, facts))
        except AnsibleFilterError as error:
            return {"refused": str(error)}
        return ask("cyborg", file(text), pci_functions(facts))

    return cyborg


def test_a_card_of_two_for_cyborg(cyborg):
    facts = Simulated("t4").facts(*WITH_USERS)
    one = {"name": "one", "select": ["0000:af:00.0"], "owner": "cyborg", "vgpu": {"type": "GRID T4-2B"}}
    assert "0000:3b:00.0: it is in no profile" in cyborg([one], facts)["refused"]
    whole = {"name": "whole", "select": ["0000:3b:00.0"], "owner": "cyborg"}
    assert cyborg([one, whole], facts)["given"] == [["0000:3b:00.0", "PGPU"], ["0000:af:00.0", "VGPU"]]


def test_virtual_functions_are_no_gpus_for_cyborg(cyborg):
    whole = {"name": "whole", "select": "product_id == '2235'", "owner": "cyborg"}
    found = cyborg([whole], Simulated("a40").facts(*WITH_USERS))
    assert found["given"] == [["0000:41:00.0", "PGPU"], ["0000:81:00.0", "PGPU"]]


@pytest.mark.parametrize("release", RELEASES)
def test_a_card_that_changes_its_mode_while_a_guest_has_it(nova, nics, release):
    names = functions(nics, "0000:31:00.0")
    whole = {"name": "whole", "select": ["0000:31:00.0"], "mode": "pf", "nova": {"alias": "whole"}}
    assert list(nova([whole], nics.facts(*WITH_USERS), release)["assignable"]) == ["0000:31:00.0"]
    for function in names:
        nics.write(f"sys/bus/pci/devices/{function}/driver_override", "vfio-pci")
        nics.write(f"sys/bus/pci/devices/{function}/driver/unbind", function)
        nics.write("sys/bus/pci/drivers_probe", function)
    nics.kernel.hold(names[0])
    assert sorted(nova([whole], nics.facts(*WITH_USERS), release)["assignable"]) == names


WHOLE = {"name": "whole", "mode": "pf", "nova": {"alias": "whole"}}


@pytest.mark.parametrize("is_used", [True, False])
@pytest.mark.parametrize("options", [{}, {"report_in_placement": True}])
@pytest.mark.parametrize(
    ("name", "parent", "kind", "card"),
    [
        ("t4", "0000:3b:00.0", "GRID T4-1B", "0000:3b:00.0"),
        ("a40", "0000:81:03.1", "NVIDIA A40-8Q", "0000:81:00.0"),
        ("l40s", "0000:84:00.5", "NVIDIA L40S-8Q", "0000:84:00.0"),
    ],
)
def test_a_complete_card_with_a_vgpu(nova, name, parent, kind, card, options, is_used):
    """nova keeps the vGPU and gets neither the card nor other functions of it until the guest leaves."""
    if name == "l40s" and not is_used:
        pytest.skip("the type of an unused function goes with its function")
    host = Simulated(name)
    (made,) = host.converge({"type": kind, "parent": parent, "count": "1"})["created"]
    if is_used:
        host.kernel.hold(made)
    found = nova([{**WHOLE, "select": [card]}], host.facts(*WITH_USERS), **options)
    assert "error" not in found, found
    is_mdev = name != "l40s"
    assert found["assignable"] == ({} if is_mdev else {parent: {"managed": "false"}})
    assert list(found["offers"]) == ([node_name(parent)] if is_mdev else [])


GUIDE = Path(__file__).resolve().parents[3] / "docs/docsite/rst/guide_nova.rst"
# The first release of each feature according to the filter.
FIRST = {
    "several types": nova_release.SEVERAL_TYPES,
    "mdev_class": nova_release.MDEV_TYPES,
    "max_instances": nova_release.MAX_INSTANCES,
    "addresses of a single type": nova_release.MAX_INSTANCES,
    "virtual parents such as mtty": nova_release.VIRTUAL_PARENTS,
    "mediated devices of libvirt 7.7": nova_release.POINT_WITH_LONG_NAMES[0],
    "provider.yaml": nova_release.PROVIDER_CONFIG,
    "numa_policy socket": nova_release.SOCKET_POLICY,
    "vDPA devices": nova_release.VDPA,
    "report_in_placement": nova_release.REPORT_IN_PLACEMENT,
    "pci_in_placement": nova_release.PCI_IN_PLACEMENT,
    "managed": nova_release.MANAGED,
    "live_migratable": nova_release.MANAGED,
    "one_time_use": nova_release.ONE_TIME_USE,
}


def test_the_table(ask):
    found = {release: ask("nova", "features", version=version) for release, version in VERSIONS.items()}
    lines = ["   * - Feature", *(f"     - {release}" for release in found)]
    for feature, first in FIRST.items():
        has = {release: one[feature] for release, one in found.items()}
        assert has == {release: release >= first for release in found}, feature
        lines += [f"   * - {feature}", *(f"     - {'yes' if has[release] else 'no'}" for release in found)]
    table = "\n".join(lines) + "\n"
    assert table in GUIDE.read_text(encoding="utf-8"), table


def test_names_of_settings(ask):
    """Check that exactly the names that no release has are reported as unknown."""
    found = [ask("nova", "names", version=version) for version in VERSIONS.values()]
    known = {place: {name for one in found for name in one[place]} for place in found[0]}
    assert known["devices"] == set(nova_names.TYPES)
    assert known["pci"] == set(nova_names.OPTIONS["pci"])
    assert known["type"] == set(nova_names.OF_A_TYPE)
    assert known["alias"] == set(nova_names.OF_AN_ALIAS)
    # nova-compute stops at live_migratable with an older libvirt.
    assert {tuple(one["live_migratable"][:2]) for one in found} == {(), nova_release.LIBVIRT_WITH_LIVE_MIGRATABLE}


def test_device_profiles_of_cyborg(ask):
    typed = {"name": "typed", "select": ["0000:af:00.0"], "owner": "cyborg", "vgpu": {"type": "GRID T4-2B"}}
    whole = {"name": "whole", "select": ["0000:3b:00.0"], "owner": "cyborg"}
    bodies = cyborg_device_profiles.cyborg_device_profiles(
        resolve.resolve([typed, whole], Simulated("t4").facts(*WITH_USERS))
    )
    assert ask("cyborg", "device profiles", bodies) == bodies
    (spaced,) = bodies[:1]
    assert "must be of the form" in ask("cyborg", "device profiles", [{**spaced, "name": "t4 desktops"}])["error"]
