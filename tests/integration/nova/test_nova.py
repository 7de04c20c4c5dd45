# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the real nova and Cyborg read the settings of the filters."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.filter.cyborg_config import cyborg_config
from ansible_collections.vfio.devices.plugins.filter.nova_config import nova_config
from ansible_collections.vfio.devices.plugins.filter.provider_config import provider_config
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, vendor_vgpus, whole


def functions(*cards):
    """Return the PCI functions of cards as nova gets them from libvirt, including those that guests must not get."""
    for card in cards:
        common = {"vendor_id": card["vendor_id"], "card_serial_number": None}
        kind = "type-PF" if card["total_vfs"] else "type-PCI"
        yield {**common, **_at(card["address"], None), "product_id": card["product_id"], "dev_type": kind}
        for address in card["virtual_functions"]:
            virtual = {**_at(address, card["address"]), "product_id": card["vf_product_id"], "dev_type": "type-VF"}
            yield {**common, **virtual}


def _at(address, parent):
    return {"address": address, "parent_addr": parent}


def test_the_example_of_generic_mediated_devices(ask, file):
    cards = [
        mdevs(profile="vgpus", traits=["CUSTOM_TIER_GOLD"]),
        mdevs(profile="vgpus", name="0000:85:00.0"),
        mdevs("mlx5_core-local", profile="mlx5", name="0000:86:00.0", resource_class="CUSTOM_MLX5"),
        mdevs(
            *("nvidia-474", (1,) * 6),
            **{"profile": "vfs", "name": "0000:c1:00.0", "count": 4, "nova": {"max_instances": 4}},
            resource_class="CUSTOM_VFS",
        ),
    ]
    found = ask("nova", file(nova_config(plan(*cards), 34)))
    virtual = [parent["name"] for parent in cards[3]["parents"]]
    assert found["types"] == ["mlx5_core-local", "nvidia-35", "nvidia-474"]
    assert found["addresses"] == {
        "0000:84:00.0": "nvidia-35",
        "0000:85:00.0": "nvidia-35",
        "0000:86:00.0": "mlx5_core-local",
        **dict.fromkeys(virtual, "nvidia-474"),
    }
    assert found["classes"] == {
        **dict.fromkeys(("0000:84:00.0", "0000:85:00.0"), "VGPU"),
        "0000:86:00.0": "CUSTOM_MLX5",
        **dict.fromkeys(virtual, "CUSTOM_VFS"),
    }
    assert (found["limits"], found["default"]) == ({"nvidia-474": 4}, None)


def test_whole_cards_and_virtual_functions(ask, file):
    cards = [
        whole(name="0000:41:00.0", nova={"alias": "gpu"}),
        whole(name="0000:42:00.0", total_vfs=16, product_id="2235", profile="a", nova={"alias": "a40"}),
        ports(name="0000:81:00.0", nova={"physical_network": "phys$net", "trusted": True}),
        ports(name="0000:82:00.0", vf_product_id="1592", nova={"alias": "nfv", "numa_policy": "required"}),
        vendor_vgpus(profile="v", nova={"alias": "vgpu", "live_migratable": True}),
    ]
    found = ask("nova", file(nova_config(plan(*cards), 34)), functions(*cards))
    expected = {
        "0000:41:00.0": {},
        "0000:42:00.0": {},
        **dict.fromkeys(cards[2]["virtual_functions"], {"physical_network": "phys$net", "trusted": "true"}),
        **dict.fromkeys(cards[3]["virtual_functions"], {}),
        **dict.fromkeys(cards[4]["virtual_functions"][:3], {"managed": "false", "live_migratable": "true"}),
    }
    assert found["assignable"] == expected
    assert {name: (policy, specs[0]["dev_type"]) for name, (policy, specs) in found["aliases"].items()} == {
        "a40": ("legacy", "type-PF"),
        "gpu": ("legacy", "type-PCI"),
        "nfv": ("required", "type-VF"),
        "vgpu": ("legacy", "type-VF"),
    }
    assert found["providers"] == {}


def test_pci_devices_in_placement(ask, file):
    cards = [
        whole(name="0000:41:00.0", resource_class="PGPU", nova={"alias": "gpu", "one_time_use": True}),
        ports(name="0000:81:00.0", resource_class="CUSTOM_NFV", traits=["CUSTOM_B", "CUSTOM_A"], nova={"alias": "nfv"}),
        ports(name="0000:82:00.0", profile="q", nova={"physical_network": "physnet1"}),
        vendor_vgpus(profile="v", nova={"alias": "vgpu"}),
    ]
    text = nova_config(plan(*cards), 34, report_in_placement=True, pci_in_placement=True)
    found = ask("nova", file(text), functions(*cards))
    managed = "COMPUTE_MANAGED_PCI_DEVICE"
    assert found["providers"] == {
        "node_0000:41:00.0": ["PGPU", 1, sorted([managed, "HW_PCI_ONE_TIME_USE"])],
        "node_0000:81:00.0": ["CUSTOM_NFV", 4, sorted([managed, "CUSTOM_A", "CUSTOM_B"])],
        "node_0000:84:00.0": ["CUSTOM_PCI_10DE_26B9", 3, [managed]],
    }
    wanted = {"dev_type": "type-VF", "resource_class": "CUSTOM_NFV", "traits": "CUSTOM_A,CUSTOM_B"}
    assert found["aliases"]["nfv"][1] == [wanted]
    assert found["aliases"]["vgpu"][1] == [{"dev_type": "type-VF", "vendor_id": "10de", "product_id": "26b9"}]
    api = nova_config([plan(*cards), plan(*cards)], 34, True, True, service="api")
    assert ask("nova", file(api))["aliases"] == found["aliases"]


def test_traits_from_a_file(ask, file):
    cards = [
        mdevs(traits=["CUSTOM_TIER_GOLD"]),
        ports(name="0000:81:00.0", owner="none", profile="n", resource_class="CUSTOM_NIC_VF"),
    ]
    text = provider_config(plan(*cards), "compute1", 34, inventories=True)
    found = ask("nova", file(text, "vfio.yaml").parent)
    wanted = {next(iter(entry["identification"].values())): entry for entry in yaml.safe_load(text)["providers"]}
    assert {name: {**entry, "__source_file": "vfio.yaml"} for name, entry in wanted.items()} == found
    assert set(found) == {"compute1_pci_0000_84_00_0", "$COMPUTE_NODE"}


def test_the_example_of_vgpus_in_cyborg(ask, file):
    card = mdevs("nvidia-223", owner="cyborg", name="0000:af:00.0")
    card["type"]["name"] = "GRID T4-2B"
    found = ask("cyborg", file(cyborg_config(plan(card), drivers=["intel_qat_driver"])))
    assert found == {
        "drivers": ["intel_qat_driver", "nvidia_gpu_driver"],
        "addresses": {"0000:af:00.0": "nvidia-223"},
        "given": [],
    }


REFUSED_BY_NOVA = [
    ("[devices]\nenabled_mdev_types = a\n[mdev_a]\ndevice_addresses = 10000:84:00.0\n", "incorrect device address"),
    ("[devices]\nenabled_mdev_types = a\n[mdev_a]\ndevice_addresses = ap_matrix\n", "incorrect device address"),
    ('[pci]\ndevice_spec = {"address": "10000:84:00.0"}\n', "PciConfigInvalidSpec"),
    ('[pci]\ndevice_spec = {"address": "0000:84:00.0", "one_time_use": "yes"}\n', "requires pci.report_in_placement"),
    ('[pci]\nalias = {"name": "a", "resource_class": "CUSTOM_A"}\n', "does not have vendor_id and product_id"),
    ("[devices]\nenabled_mdev_types = a\n[mdev_a]\nmdev_class = PGPU\n", "ConfigFileValueError"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED_BY_NOVA)
def test_nova_stops_at_what_the_filter_refuses(ask, file, text, sentence):
    assert sentence in ask("nova", file(text))["error"]
