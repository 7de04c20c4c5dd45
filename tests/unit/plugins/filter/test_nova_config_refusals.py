# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the settings that nova would reject or ignore, and profiles whose guests would get other devices."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.nova_config import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, refusals, vendor_vgpus, whole

nova_config = FilterModule().filters()["nova_config"]


@pytest.mark.parametrize(
    ("version", "is_refused"), [(None, False), ("33.0.0", False), ("34.1.0", False), ("31.0.1", True)]
)
def test_the_installed_version(version, is_refused):
    started = {"version": version}
    if not is_refused:
        assert nova_config(plan(mdevs()), "2026.1", started=started)
        return
    assert refusals(nova_config, plan(mdevs()), "2026.1", started=started) == [
        "nova 31.0.1 is installed on this host, and ignores options of nova 33. Set nova_config_release: 31, or "
        "upgrade nova first"
    ]
    # Nothing is written for cards of other owners.
    assert nova_config(plan(mdevs(owner="none")), "2026.1", started=started) is not None


REFUSED = [
    ([mdevs(resource_class="CUSTOM_X")], 23, "nova 23 supports only the resource class VGPU"),
    ([mdevs(resource_class="CUSTOM_X")], 28, "ignores the section of a type if it is the only type, so the"),
    ([mdevs(), mdevs(name="0000:85:00.0", owner="none")], 28, "would use 0000:85:00.0 of owner none too"),
    ([mdevs(nova={"max_instances": 9})], 28, "nova 28 does not support max_instances"),
    ([mdevs(nova={"max_instances": 4})], 34, "ignores complete cards, because one card has 8 and all have 8"),
    (
        [mdevs(totals=(1, 1, 1), nova={"max_instances": 2})],
        34,
        "max_instances 2 and 3 existing devices, nova offers none",
    ),
    ([mdevs(nova={"alias": "x"})], 34, "nova.alias is only for PCI devices"),
    ([mdevs("a,b")], 34, "the type 'a,b' cannot be the name of a section"),
    ([mdevs(name="10000:84:00.0")], 34, "nova fails at the address 10000:84:00.0"),
    ([mdevs(name="mtty", address=None)], 33, "nova 33 fails at the parent mtty"),
    ([mdevs(name="matrix", address=None)], 34, "nova finds no parent matrix"),
    ([whole(name="10000:84:00.0")], 34, ", because it supports only PCI domains of four digits"),
    ([vendor_vgpus()], 30, "nova 30 would unbind the vendor driver of its vGPUs"),
    (
        [whole(nova={"max_instances": 2})],
        34,
        "nova.max_instances is only for mediated devices. Use vgpu.count or num_vfs",
    ),
    ([whole(nova={"trusted": True})], 34, "nova.trusted is only for virtual functions. Remove it"),
    ([whole(nova={"live_migratable": True})], 30, "nova 30 does not support live_migratable"),
    (
        [whole(nova={"one_time_use": True})],
        34,
        "nova fails with one_time_use without report_in_placement. Set nova_config_report_in_placement: true",
    ),
    ([whole(nova={"one_time_use": True})], 31, "nova 31 does not support one_time_use"),
    ([ports(nova={"one_time_use": True})], 34, "one_time_use for virtual functions"),
    ([ports(nova={"numa_policy": "required"})], 34, "nova.numa_policy requires nova.alias. Set nova.alias"),
    ([ports(nova={"alias": "a", "numa_policy": "socket"})], 22, "nova 22 does not support numa_policy socket"),
    ([ports(nova={"alias": "a:b"})], 34, "no flavor can request the alias 'a:b'"),
    ([ports(nova={"alias": " "})], 34, "no flavor can request the alias ' '"),
    (
        [ports(nova={"alias": "a"}, vf_product_id=None)],
        34,
        "the device id of its virtual functions is unknown, but an alias requires it",
    ),
    (
        [ports(nova={"alias": "a"}), whole(profile="q", nova={"alias": "a"})],
        34,
        "alias a of profile p and q: nova fails if an alias has several device types",
    ),
]


@pytest.mark.parametrize(("cards", "release", "sentence"), REFUSED)
def test_refusals(cards, release, sentence):
    assert any(sentence in line for line in refusals(nova_config, plan(*cards), release))


PLACEMENT = [
    ([ports(resource_class="GPU")], "nova would use CUSTOM_GPU instead of the resource class GPU"),
    (
        [ports(resource_class="CUSTOM_X", traits=["CUSTOM_Y"], nova={"physical_network": "n"})],
        "nova does not report devices with a physical_network, so it does not report their resource_class or traits",
    ),
    (
        [ports(nova={"physical_network": "n", "alias": "a"})],
        "with pci_in_placement nova finds no device of an alias with a physical_network. Remove one of the two",
    ),
    ([mdevs(), whole(name="0000:41:00.0", resource_class="VGPU")], "have the resource class VGPU. Use another class"),
    (
        [ports(nova={"alias": "a"}), ports(name="0000:81:00.0", vf_product_id="154c", nova={"alias": "a"})],
        "with pci_in_placement an alias must have one kind of device. Set the same placement.resource_class, or use "
        "different aliases",
    ),
]


@pytest.mark.parametrize(("cards", "sentence"), PLACEMENT)
def test_refusals_with_placement(cards, sentence):
    (line,) = refusals(nova_config, plan(*cards), 34, report_in_placement=True, pci_in_placement=True)
    assert sentence in line


def test_all_problems_at_once():
    cards = plan(mdevs(nova={"alias": "x"}), ports(name="0000:81:00.0", nova={"max_instances": 1}))
    assert refusals(nova_config, cards, 25, report_in_placement=True, pci_in_placement=True) == [
        "nova 25 does not support report_in_placement. nova 26 or later does",
        "nova 25 does not support pci_in_placement. nova 27 or later does",
        "profile p, 0000:84:00.0: nova.alias is only for PCI devices. Guests request mediated devices by their "
        "resource class. Remove nova.alias",
        "profile p, 0000:81:00.0: nova.max_instances is only for mediated devices. Use vgpu.count or num_vfs",
    ]
    assert refusals(nova_config, cards, 34, pci_in_placement=True)[0].startswith(
        "pci_in_placement requires report_in_placement, otherwise the scheduler finds no device of the host. Set "
        "nova_config_report_in_placement: true"
    )


def test_limits_that_nova_can_keep():
    six = (1,) * 6
    for card in (
        mdevs(nova={"max_instances": 8}),
        mdevs(totals=six, count=None, nova={"max_instances": 3}),
        mdevs(totals=six, count=3, nova={"max_instances": 3}),
    ):
        assert f"max_instances = {card['nova']['max_instances']}\n" in nova_config(plan(card), 29)


GOLD = ["CUSTOM_GOLD"]


@pytest.mark.parametrize(
    ("first", "second", "mixed"),
    [
        ({}, {}, 2),
        ({"traits": GOLD}, {}, 1),
        ({"traits": GOLD}, {"traits": ["CUSTOM_GOLD", "CUSTOM_B"]}, 1),
        ({"traits": GOLD}, {"traits": ["CUSTOM_B"]}, 0),
        ({"resource_class": "CUSTOM_A"}, {}, 0),
        ({"resource_class": "VGPU"}, {}, 2),
        ({"profile": "b"}, {}, 0),
    ],
)
def test_guests_of_two_profiles_are_told_apart(first, second, mixed):
    host = plan(mdevs("a", **{"profile": "a", **first}), mdevs("b", name="0000:85:00.0", **{"profile": "b", **second}))
    found = refusals(nova_config, host, 34) if mixed else []
    assert len(found) == mixed
    assert all("also get those of profile" in line for line in found)
    assert mixed or nova_config(host, 34)


def test_two_profiles_of_one_type_without_a_difference_are_one_to_guests():
    assert nova_config(plan(mdevs(profile="a"), mdevs(profile="b", name="0000:85:00.0")), 34)
    assert refusals(nova_config, plan(mdevs(profile="a"), mdevs(profile="b", name="0000:85:00.0", traits=GOLD)), 34)


PLACED = {"report_in_placement": True, "pci_in_placement": True}


NFV = {"nova": {"alias": "nfv"}, "profile": "nfv"}


@pytest.mark.parametrize(
    ("second", "options", "mixed"),
    [
        ({"nova": {"alias": "slow"}}, {}, 2),
        ({"nova": {"physical_network": "physnet1"}}, {}, 1),
        ({"nova": {"physical_network": "physnet1"}}, PLACED, 0),
        ({"nova": {}}, {}, 1),
        ({"nova": {"alias": "nfv"}}, {}, 0),
        ({"nova": {"alias": "slow"}, "vf_product_id": "154c"}, {}, 0),
        ({"nova": {"alias": "slow"}}, PLACED, 2),
        ({"nova": {"alias": "slow"}, "resource_class": "CUSTOM_SLOW"}, PLACED, 0),
        ({"nova": {"alias": "slow"}, "traits": GOLD}, PLACED, 1),
        ({"nova": {"alias": "slow"}, "mode": "pf"}, {}, 0),
    ],
)
def test_an_alias_gets_the_devices_of_its_profile_alone(second, options, mixed):
    host = plan(ports(name="0000:81:00.0", **NFV), ports(**{"name": "0000:82:00.0", "profile": "slow", **second}))
    found = refusals(nova_config, host, 34, **options) if mixed else []
    assert len(found) == mixed
    assert all("guests also get 0000:8" in line for line in found)
    assert mixed or nova_config(host, 34, **options)


def test_aliases_of_all_hosts_are_told_apart():
    hosts = [plan(ports(**NFV)), plan(ports(nova={"alias": "slow"}, profile="slow"))]
    assert len(refusals(nova_config, hosts, 34, service="api")) == 2


@pytest.mark.parametrize(
    ("card", "release", "sentence"),
    [
        (ports(nova={"remote_managed": True}), 24, "nova 24 does not support remote_managed. nova 25 or later does"),
        (ports(nova={"remote_managed": True, "alias": "a"}), 34, "only to a neutron port"),
        (whole(nova={"remote_managed": True}), 34, "nova fails with remote_managed for a card"),
        (
            mdevs(nova={"count": 2}),
            32,
            "nova 32 assigns one mediated device to a guest. nova 33 or later assigns several",
        ),
        (mdevs(nova={"vfs": ["0"]}), 34, "nova.vfs is only for PCI devices"),
    ],
)
def test_refused_options(card, release, sentence):
    assert any(sentence in line for line in refusals(nova_config, plan(card), release))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"libvirt": "9.10.0"}, "nova-compute stops at live_migratable with libvirt 9.10.0"),
        ({"post_copy": True}, "a guest with a PCI device cannot be migrated with post-copy"),
        ({"libvirt": "10.0.0", "post_copy": False}, None),
    ],
)
def test_live_migration_that_the_host_does_not_support(options, sentence):
    cards = plan(whole(nova={"alias": "a", "live_migratable": True}))
    if sentence is None:
        assert '"live_migratable": "yes"' in nova_config(cards, 34, **options)
    else:
        with pytest.raises(AnsibleFilterError, match=sentence):
            nova_config(cards, 34, **options)
    assert nova_config(plan(whole(nova={"alias": "a"})), 34, **options)
