# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test conflicts; ``tests/integration/nova/test_others.py`` compares such files with the real nova."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.nova_config import nova_config
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, whole

FILE = "/etc/nova/nova.conf"
STRANGER = {
    **{"name": "0000:99:00.0", "address": "0000:99:00.0", "vendor_id": "8086", "product_id": "1592"},
    **{"vf_product_id": "1889", "class": "0200", "framework": None, "types": [], "virtual_functions": ["0000:99:01.0"]},
    "netdevs": ["ens9"],
}
FREE = {**STRANGER, "name": "0000:86:00.0", "address": "0000:86:00.0", "vendor_id": "10de", "product_id": "1eb8"}
FREE.update(vf_product_id=None, framework="mdev", types=["nvidia-35", "nvidia-36"], virtual_functions=[])


def entry(section, option, value, later=False):
    text = value if isinstance(value, str) else json.dumps(value)
    return {"file": FILE, "section": section, "option": option, "value": text, "later": later}


def spec(later=False, **keys):
    return entry("pci", "device_spec", keys, later)


def refusals(cards, *others, unselected=(), release=34, **options):
    """Return the sentences of the filter without its first line."""
    host = {**plan(*cards), "unselected": list(unselected)}
    try:
        nova_config(host, release, others=list(others), **options)
    except AnsibleFilterError as error:
        return str(error).splitlines()[1:]
    return []


NFV = {"profile": "nfv", "name": "0000:81:00.0", "nova": {"alias": "nfv"}}
IN_PLACEMENT = {"report_in_placement": True, "pci_in_placement": True}
TYPES = entry("devices", "enabled_mdev_types", "nvidia-36, nvidia-35")
MATCHES = [
    # Entries equal to ours, and devices without a profile.
    ([ports(**NFV)], [spec(address="0000:81:00.0", product_id="1889")], None),
    ([ports(**NFV)], [spec(vendor_id="10de")], None),
    ([ports(**NFV)], [spec(address="0000:81:00.0", product_id="1889", physical_network="a")], "with other settings"),
    ([ports(**NFV)], [spec(later=True, address="81:10.*", physical_network="a")], None),
    ([ports(**NFV)], [spec(address="0000:81:00.0")], "0000:81:00.0: device_spec"),
    ([ports(**{**NFV, "owner": "none"}), whole()], [spec(vendor_id="8086")], "0000:81:10.0, 0000:81:10.1"),
    ([mdevs()], [spec(vendor_id="10DE")], "profile p, 0000:84:00.0: device_spec"),
    ([ports(**NFV)], [spec(vendor_id="8086", product_id="1889")], "guests also get 0000:99:01.0 of no profile"),
    ([ports(**NFV)], [spec(devname="ens9")], "guests also get 0000:99:01.0 of no profile"),
    ([ports(**NFV)], [spec(devname="ens7")], None),
    # nova-compute rejects or combines two values of one alias.
    ([ports(**NFV)], [entry("pci", "alias", {"name": "nfv", "vendor_id": "15b3"})], "alias nfv is also in"),
    ([ports(**NFV)], [entry("pci", "alias", {"name": "other", "vendor_id": "15b3"})], None),
]


@pytest.mark.parametrize(("cards", "others", "sentence"), MATCHES)
def test_lists_of_other_files(cards, others, sentence):
    found = refusals(cards, *others, unselected=[STRANGER])
    assert bool(found) == (sentence is not None), found
    assert not sentence or any(sentence in one for one in found)


def test_the_same_alias_is_harmless_unless_placement_is_asked():
    alias = {"name": "nfv", "vendor_id": "8086", "product_id": "1889", "device_type": "type-VF"}
    assert refusals([ports(**NFV)], entry("pci", "alias", alias)) == []
    found = refusals([ports(**NFV)], entry("pci", "alias", alias), **IN_PLACEMENT)
    assert found == [
        f"alias nfv is also in [pci] of {FILE}, and nova merges both. Use another nova.alias, or remove it from "
        "the file"
    ]


def test_two_values_of_an_alias_of_others():
    aliases = [entry("pci", "alias", {"name": "old", "vendor_id": "8086", "product_id": one}) for one in ("1", "2")]
    assert refusals([ports(**NFV)], *aliases) == []
    (sentence,) = refusals([ports(**NFV)], *aliases, **IN_PLACEMENT)
    assert sentence.startswith(
        f"nova-compute does not start with pci_in_placement, because [pci] in {FILE} has several"
    )
    assert refusals([ports(**NFV)], aliases[0], **IN_PLACEMENT) == []


def test_in_placement_a_stranger_of_another_class_is_no_device_of_the_alias():
    card = ports(**NFV, resource_class="CUSTOM_NFV")
    for keys, number in (({}, 0), ({"resource_class": "CUSTOM_NFV"}, 1), ({"physical_network": "a"}, 0)):
        found = refusals([card], spec(address="99:01.0", **keys), unselected=[STRANGER], **IN_PLACEMENT)
        assert len(found) == number


@pytest.mark.parametrize(
    ("others", "lost"),
    [
        ([TYPES], ["nvidia-36", "nvidia-35"]),
        ([entry("devices", "enabled_mdev_types", "nvidia-35")], ["nvidia-35"]),
        ([entry("devices", "enabled_mdev_types", "nvidia-99")], []),
        ([TYPES, entry("mdev_nvidia-36", "device_addresses", "0000:87:00.0")], ["nvidia-35"]),
        (
            [
                TYPES,
                entry("mdev_nvidia-35", "device_addresses", "0000:84:00.0"),
                entry("mdev_nvidia-36", "device_addresses", "0000:87:00.0,0000:86:00.0"),
            ],
            ["nvidia-36"],
        ),
    ],
)
def test_types_that_only_other_files_enable(others, lost):
    found = refusals([mdevs()], *others, unselected=[FREE])
    assert [one.split()[4] for one in found] == lost
    assert all("for 0000:86:00.0 of no profile" in one for one in found)


def test_older_releases_keep_a_single_type():
    found = refusals([mdevs()], TYPES, unselected=[FREE], release=28)
    assert [one.split()[4] for one in found if one.startswith(FILE)] == ["nvidia-36"]


def test_types_of_cards_of_another_owner():
    card = mdevs(owner="none", count="max", types=["nvidia-34", "nvidia-35"])
    (sentence,) = refusals([card], TYPES)
    assert f"its owner is none, but {FILE} enables the type nvidia-35, so nova also assigns its devices" in sentence
    assert not refusals([card], entry("devices", "enabled_mdev_types", "nvidia-36"))


@pytest.mark.parametrize(
    ("card", "option", "value", "refused"),
    [
        ({}, "mdev_class", "CUSTOM_A", True),
        ({}, "mdev_class", "VGPU", False),
        ({"resource_class": "CUSTOM_B"}, "mdev_class", "CUSTOM_A", False),
        ({}, "max_instances", "2", True),
        ({}, "device_addresses", "0000:99:00.0", False),
    ],
)
def test_options_of_our_types(card, option, value, refused):
    found = refusals([mdevs(**card)], entry("mdev_nvidia-35", option, value))
    assert bool(found) == refused
    assert all(f"{FILE} sets {option} = {value} in [mdev_nvidia-35]" in one for one in found)


@pytest.mark.parametrize("later", [False, True])
def test_switches(later):
    others = [
        entry("pci", "report_in_placement", "True", later),
        entry("filter_scheduler", "pci_in_placement", "yes", later),
    ]
    found = refusals([ports(**NFV)], *others)
    assert [one.partition("Set ")[2].partition(":")[0] for one in found] == [
        "nova_config_report_in_placement",
        "nova_config_pci_in_placement",
    ]
    assert not refusals([ports(**NFV)], *others, **IN_PLACEMENT)
    assert not refusals([ports(**NFV)], entry("pci", "report_in_placement", "false"))


@pytest.mark.parametrize(("card", "number"), [(mdevs(), 1), (whole(), 1), (ports(**NFV), 0)])
def test_a_cyborg_agent_beside_nova(card, number):
    found = refusals([card], cyborg_gpus="/etc/cyborg/cyborg.conf")
    assert len(found) == number
    assert all("cyborg-agent of this host also assigns every NVIDIA GPU" in one for one in found)
    assert not refusals([card], cyborg_gpus="")


def test_other_inputs_are_refused():
    with pytest.raises(AnsibleFilterError, match="others must be the list that"):
        nova_config(plan(mdevs()), 34, others=[{"file": FILE}])
    with pytest.raises(AnsibleFilterError, match="started must be the result of"):
        nova_config(plan(mdevs()), 34, started="nova-compute")


KOLLA = "/etc/kolla/nova-compute/nova.conf"


def test_values_that_kolla_replaces():
    lost = {**spec(vendor_id="8086", product_id="1889"), "replaced": True, "file": KOLLA}
    alias = {**entry("pci", "alias", {"name": "nfv", "vendor_id": "15b3"}), "replaced": True, "file": KOLLA}
    found = refusals([ports(**NFV)], lost, alias, unselected=[STRANGER])
    assert (
        "nova would no longer assign 0000:99:01.0 of no profile, because kolla-ansible replaces device_spec" in found[0]
    )
    assert found[1].startswith("kolla-ansible creates the files below /etc/kolla/nova-compute. Change its overrides")
    assert len(found) == 2
    own = {**spec(address="0000:81:00.0", product_id="1889", physical_network="a"), "replaced": True, "file": KOLLA}
    assert refusals([ports(**NFV)], own, unselected=[STRANGER]) == []


@pytest.mark.parametrize(
    ("card", "started", "options", "words"),
    [
        (mdevs(), {"cyborg_gpus": "/etc/cyborg/cyborg.conf"}, {}, "cyborg-agent of this host also assigns"),
        (mdevs(), {"libvirt": "7.7.0"}, {"release": 23}, "7.7"),
        (mdevs(), {"libvirt": "7.7.0"}, {"release": 23, "libvirt": "6.0.0"}, None),
        (
            ports(**NFV),
            {"others": [entry("pci", "report_in_placement", "true")]},
            {},
            "nova_config_report_in_placement",
        ),
        (whole(nova={"alias": "t4", "live_migratable": True}), {"post_copy": True}, {}, "post-copy"),
        (mdevs(), {"skipped": True, "changed": False}, {}, None),
        (mdevs(), None, {}, None),
    ],
)
def test_what_the_service_reads_is_taken_from_the_result_of_the_module(card, started, options, words):
    found = refusals([card], started=started, **options)
    assert words in found[0] if words else not found
