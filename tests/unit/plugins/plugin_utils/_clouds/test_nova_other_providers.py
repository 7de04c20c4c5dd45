# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test conflicts; ``tests/integration/nova/test_provider_files.py`` compares such files with the real nova."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.provider_config import provider_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_other_providers
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, whole

FILE = "/etc/nova/provider_config/site.yaml"
PATH = "/etc/nova/provider_config/vfio-devices.yaml"
GOLD = mdevs(profile="gold", traits=["CUSTOM_GOLD"])
SILVER = mdevs(profile="silver", name="0000:85:00.0", traits=["CUSTOM_SILVER"])
NFV = ports(
    name="0000:81:00.0", profile="nfv", resource_class="CUSTOM_NFV", traits=["CUSTOM_FAST"], nova={"alias": "a"}
)
SLOW = ports(
    name="0000:82:00.0", profile="slow", resource_class="CUSTOM_NFV", traits=["CUSTOM_SLOW"], nova={"alias": "b"}
)
OWN = whole(name="0000:86:00.0", profile="own", owner="none")
IN_PLACEMENT = {"report_in_placement": True, "pci_in_placement": True}


def listing(provider, traits=(), classes=()):
    identity = {"uuid" if provider.startswith("$") else "name": provider}
    entry = {"identification": identity, "traits": {"additional": list(traits)}}
    if classes:
        entry["inventories"] = {"additional": [{name: {"total": 1}} for name in classes]}
    return {"meta": {"schema_version": "1.0"}, "providers": [entry]}


def service(*files, **more):
    listed = [
        {"file": FILE if not number else f"/etc/nova/provider_config/{number}.yaml", "text": yaml.safe_dump(content)}
        for number, content in enumerate(files)
    ]
    common = {"provider_directory": "/etc/nova/provider_config", "container": False, "kolla": False}
    return {**common, "providers": listed, **more}


def refusals(cards, seen, **options):
    """Return the sentences of the filter without its first line."""
    try:
        provider_config(plan(*cards), "c", 34, service=seen, **{"path": PATH, **options})
    except AnsibleFilterError as error:
        return str(error).splitlines()[1:]
    return []


# Cards, a file, options, and a part of the sentence.
CONFLICTS = [
    ([GOLD], listing("c_pci_0000_84_00_0", ["CUSTOM_A"]), {}, "does not start if"),
    ([GOLD], listing("c_pci_0000_84_00_0", ["CUSTOM_A"]), {"written": False}, None),
    ([GOLD], listing("d_pci_0000_84_00_0", ["CUSTOM_A"]), {}, None),
    ([GOLD], listing("c_pci_0000_84_00_0", classes=["VGPU"]), {}, "accepts only names with CUSTOM_ as resource class"),
    # A trait of another profile.
    ([GOLD, SILVER], listing("c_pci_0000_85_00_0", ["CUSTOM_GOLD"]), {"written": False}, "profile gold: guests"),
    ([GOLD, SILVER], listing("c_pci_0000_85_00_0", ["CUSTOM_BRONZE"]), {"written": False}, None),
    ([NFV, SLOW], listing("c_0000:82:00.0", ["CUSTOM_FAST"]), IN_PLACEMENT, "profile nfv: guests"),
    ([NFV, SLOW], listing("c_0000:82:00.0", ["CUSTOM_FAST"]), {"report_in_placement": True}, None),
    # The class of a device.
    ([NFV], listing("c_0000:81:00.0", classes=["CUSTOM_NFV"]), IN_PLACEMENT, "no longer updates the host, because"),
    ([NFV], listing("c_0000:81:00.0", classes=["CUSTOM_X"]), IN_PLACEMENT, None),
    ([NFV], listing("$COMPUTE_NODE", classes=["CUSTOM_NFV"]), IN_PLACEMENT, "may get no device"),
    ([NFV], listing("c", classes=["CUSTOM_NFV"]), IN_PLACEMENT, "may get no device"),
    ([NFV], listing("d", classes=["CUSTOM_NFV"]), IN_PLACEMENT, None),
    ([NFV], listing("c", classes=["CUSTOM_NFV"]), {}, None),
    ([ports(name="0000:81:00.0")], listing("c", classes=["CUSTOM_PCI_8086_1889"]), IN_PLACEMENT, "may get no device"),
    # Our own provider, which nova does not create.
    ([OWN], listing("c_vfio_0000:86:00.0", classes=["CUSTOM_X"]), {}, "at the second report"),
    ([OWN], listing("c_vfio_0000:86:00.0", ["CUSTOM_X"]), {}, None),
]


@pytest.mark.parametrize(("cards", "content", "options", "sentence"), CONFLICTS)
def test_a_file_of_others(cards, content, options, sentence):
    found = refusals(cards, service(content), **options)
    assert len(found) == (sentence is not None), found
    assert not found or sentence in found[0]
    assert not found or FILE in found[0]


def test_two_files_of_others_with_one_provider():
    found = refusals([GOLD], service(listing("x", ["CUSTOM_A"]), listing("x", ["CUSTOM_B"])))
    assert found == [
        f"nova-compute does not start, because {FILE} and /etc/nova/provider_config/1.yaml list the provider x twice. "
        "Use one entry"
    ]


def test_inventories_of_the_compute_node_that_nova_ignores():
    card = ports(owner="none", resource_class="CUSTOM_X")
    for name, words in (("c", "nova ignores our inventories"), ("$COMPUTE_NODE", "does not start if")):
        (sentence,) = refusals([card], service(listing(name, ["CUSTOM_A"])), inventories=True)
        assert words in sentence


def test_the_own_file_is_not_one_of_others():
    mine = {"file": PATH, "text": yaml.safe_dump(listing("c_pci_0000_84_00_0", ["CUSTOM_GOLD"]))}
    assert refusals([GOLD], service(providers=[mine])) == []


@pytest.mark.parametrize(
    ("path", "more", "sentence"),
    [
        ("/etc/nova/a.yaml", {}, "Set nova_config_provider_path: /etc/nova/provider_config/vfio-devices.yaml"),
        ("/etc/nova/provider_config/a.yml", {}, "only files *.yaml of /etc/nova/provider_config"),
        ("/etc/nova/provider_config/a.yaml", {}, None),
        (PATH, {"container": True, "kolla": True}, "set nova_cell_compute_provider_config"),
        (PATH, {"container": True}, "to the files of the container"),
    ],
)
def test_a_file_that_nova_does_not_read(path, more, sentence):
    found = refusals([GOLD], service(**more), path=path)
    assert len(found) == (sentence is not None)
    assert not found or sentence in found[0]
    assert refusals([mdevs()], service(**more), path=path) == []


def test_releases_that_read_no_such_files():
    seen = service(listing("c_pci_0000_84_00_0", ["CUSTOM_A"]), providers=[{"file": FILE, "text": None}])
    assert provider_config(plan(GOLD), "c", 21, service=seen, written=False) == ""
    with pytest.raises(AnsibleFilterError, match=f"does not start because of {FILE}: the file cannot be read"):
        provider_config(plan(GOLD), "c", 22, service=seen, written=False)


@pytest.mark.parametrize("skipped", [{}, None, "", {"skipped": True}])
def test_a_service_that_was_not_read(skipped):
    assert provider_config(plan(GOLD), "c", 34, service=skipped, path="/x")


def test_other_inputs_are_refused():
    with pytest.raises(AnsibleFilterError, match="service must be the result of"):
        provider_config(plan(GOLD), "c", 34, service=[1])


@pytest.mark.parametrize(
    ("host", "node", "remedy"),
    [
        (None, None, None),
        ("gpu1", "gpu1", None),
        ("gpu1", None, None),
        ("gpu1", "gpu1.example.org", "nova_config_root: gpu1.example.org"),
        ("gpu2", "gpu2", "nova_config_root: gpu2"),
        ("gpu2", None, "openstack hypervisor list"),
    ],
)
def test_name_of_the_compute_node(host, node, remedy):
    found = nova_other_providers.wrong_name("gpu1", {"host_name": host, "node_name": node})
    assert [remedy in sentence for sentence in found] == [True] * bool(remedy)
    assert nova_other_providers.wrong_name("gpu1.example.org", {"host_name": "gpu1", "node_name": None}) == []
