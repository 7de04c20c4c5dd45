# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare options of other nova files with the real nova: the filter rejects exactly the options with an effect."""

from __future__ import annotations

import json
import os

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import nova_config
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_spec
from ansible_collections.vfio.devices.tests.integration.nova.nodes import node_devices, pci_functions
from ansible_collections.vfio.devices.tests.integration.nova.test_mixtures import brought_to, promised
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.plugin_utils._clouds import test_nova_spec as specs

NFV = {"name": "nfv", "select": ["0000:5e:00.0"], "mode": "vf", "num_vfs": 4, "nova": {"alias": "nfv"}}
LIVE = {**NFV, "nova": {"alias": "nfv", "live_migratable": True}}
T4 = {"name": "t4", "select": ["0000:3b:00.0"], "vgpu": {"type": "GRID T4-2B", "count": 0}}
OWN = {**T4, "select": ["0000:af:00.0"], "owner": "none", "vgpu": {"type": "GRID T4-2B", "count": 2}}
OTHERS = {**NFV, "placement": {"resource_class": "CUSTOM_NFV"}}
IN_PLACEMENT = {"report_in_placement": True, "pci_in_placement": True}
BASE, LATER = "nova.conf", "nova.conf.d/60-others.conf"


@pytest.fixture(scope="module")
def hosts():
    """Return a function that converges a host, with its plan and facts."""
    made = {}

    def hosts(profiles):
        key = json.dumps(profiles)
        if key not in made:
            made[key] = brought_to(Simulated("mixed"), profiles)
        return made[key]

    return hosts


def spec(**keys):
    return f"[pci]\ndevice_spec = {json.dumps(keys)}\n"


TWO = "[pci]\n" + "".join(
    f'alias = {{"name": "old", "vendor_id": "8086", "product_id": "{product}", "device_type": "type-VF"}}\n'
    for product in ("10ca", "10ed")
)
CASES = [
    # Devices that have the ids of our alias.
    ([NFV], {}, BASE, spec(vendor_id="8086", product_id="1889"), True),
    ([NFV], {}, LATER, spec(vendor_id="8086", product_id="1889"), True),
    ([NFV], {}, BASE, "[PCI]\npassthrough_whitelist = " + json.dumps({"address": "d8:*.*"}), True),
    ([NFV], {}, BASE, "[DEFAULT]\npci_passthrough_whitelist = " + json.dumps([{"address": "d8:1.1"}]), True),
    ([NFV], IN_PLACEMENT, BASE, spec(address="*:d8:01.*", resource_class="CUSTOM_OTHER"), False),
    ([NFV], {}, BASE, spec(vendor_id="144d", product_id="a80a"), False),
    # Devices that nova excludes from our alias.
    ([NFV], {}, BASE, spec(address="d8:01.*", physical_network="a", remote_managed="true"), False),
    ([LIVE], {}, BASE, spec(address="d8:01.*"), False),
    ([LIVE], {}, BASE, spec(address="d8:01.*", live_migratable="yes"), True),
    # Devices of no profile that nova-compute cannot report to Placement.
    ([OTHERS], {}, BASE, spec(address="*:d8:*.*", product_id="1592"), False),
    ([OTHERS], IN_PLACEMENT, BASE, spec(address="*:d8:*.*"), True),
    ([OTHERS], IN_PLACEMENT, BASE, spec(address="*:d8:01.*"), False),
    ([OTHERS], IN_PLACEMENT, BASE, spec(address="*:d8:*.*", physical_network="a"), False),
    (
        [OTHERS],
        IN_PLACEMENT,
        BASE,
        spec(address="d8:01.1", resource_class="CUSTOM_A") + spec(address="d8:01.2", traits="CUSTOM_A"),
        True,
    ),
    (
        [OTHERS],
        IN_PLACEMENT,
        LATER,
        spec(address="d8:01.1", resource_class="custom_a") + spec(address="d8:01.2", resource_class="CUSTOM_A"),
        False,
    ),
    ([OTHERS], IN_PLACEMENT, BASE, spec(address="*:d8:01.*", one_time_use="no"), True),
    ([OTHERS], {}, BASE, spec(vendor_id="144d", product_id="a80a", one_time_use="no"), False),
    ([OTHERS], {}, BASE, spec(vendor_id="144d", product_id="a80a", one_time_use="yes"), True),
    ([OTHERS], IN_PLACEMENT, BASE, spec(devname="ens9f0"), True),
    ([OTHERS], {}, BASE, spec(devname="ens9f0"), False),
    # Our own devices with different settings, or functions that the profile does not assign.
    ([NFV], {}, BASE, spec(address="0000:5e:00.0", product_id="1889", physical_network="a"), True),
    ([NFV], {}, LATER, spec(address="0000:5e:00.0", product_id="1889", physical_network="a"), False),
    ([NFV], {}, BASE, spec(address="0000:5e:00.0"), True),
    ([{**NFV, "nova": {"alias": "nfv", "vfs": ["0-1"]}}], {}, BASE, spec(vendor_id="8086", address="*:5e:*.*"), True),
    ([{**NFV, "owner": "none", "nova": {}}, T4], {}, BASE, spec(address={"bus": "5[a-f]"}), True),
    ([T4], {}, BASE, spec(vendor_id="10de", product_id="1eb8"), True),
    # Aliases.
    ([NFV], {}, BASE, '[pci]\nalias = {"name": "nfv", "vendor_id": "8086", "product_id": "10ca"}\n', True),
    ([NFV], {}, BASE, '[pci]\nalias = {"name": "old", "vendor_id": "144d", "product_id": "a80a"}\n', False),
    ([OTHERS], {}, BASE, TWO, False),
    ([OTHERS], IN_PLACEMENT, BASE, TWO, True),
    ([OTHERS], IN_PLACEMENT, BASE, TWO.replace("10ca", "10ed"), True),
    # Types.
    ([T4], {}, BASE, "[devices]\nenabled_mdev_types = nvidia-231\n", True),
    (
        [T4],
        {},
        BASE,
        "[devices]\nenabled_mdev_types = nvidia-231\n[mdev_nvidia-231]\ndevice_addresses = 0000:3b:00.0",
        False,
    ),
    ([T4], {}, BASE, "[devices]\nenabled_mdev_types = nvidia-999\n", False),
    ([T4], {}, BASE, "[devices]\nenabled_vgpu_types = nvidia-232\n", True),
    (
        [T4],
        {},
        BASE,
        "[Devices]\nenabled_mdev_types = nvidia-232\n[MDEV_nvidia-232]\ndevice_addresses=0000:af:00.0",
        True,
    ),
    ([T4], {}, LATER, "[devices]\nenabled_vgpu_types = nvidia-232\n", True),
    ([T4], {}, BASE, "[mdev_nvidia-231]\nmdev_class = CUSTOM_A\n", True),
    ([T4], {}, BASE, "[mdev_nvidia-231]\nmax_instances = 4\n", True),
    ([T4], {}, BASE, "[mdev_nvidia-231]\ndevice_addresses = 0000:af:00.0\n", False),
    ([T4], {}, LATER, "[vgpu_nvidia-231]\ndevice_addresses = 0000:af:00.0\n", True),
    ([OWN], {}, BASE, "[devices]\nenabled_mdev_types = nvidia-223\n", True),
    ([OWN], {}, BASE, "[devices]\nenabled_mdev_types = nvidia-231\n", True),
    ([OWN], {}, BASE, "[devices]\nenabled_mdev_types = nvidia-999\n", False),
    # Switches.
    ([NFV], {}, BASE, "[pci]\nreport_in_placement = yes\n", True),
    ([NFV], {}, LATER, "[pci]\nreport_in_placement = false\n", False),
    ([NFV], {"report_in_placement": True}, LATER, "[pci]\nreport_in_placement = 1\n", False),
    ([NFV], {"report_in_placement": True}, LATER, "[pci]\nreport_in_placement = 0\n", True),
]


def settings(root, place, text, content):
    """Write the files of a host, and return the result of the module."""
    (root / "sys").mkdir(exist_ok=True)
    process = root / "proc/7"
    process.mkdir(parents=True)
    (process / "cmdline").write_text("nova-compute")
    for name, one in ((BASE, "[DEFAULT]\n"), (place, text)):
        file = root / "etc/nova" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(one)
    ours = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
    return observe(HostRoot(str(root)), "nova", "nova-compute", "nova-compute", ours, content)


@pytest.mark.parametrize(("profiles", "options", "place", "text", "is_refused"), CASES)
def test_other_files(hosts, ask, tmp_path, profiles, options, place, text, is_refused):
    plan, facts = hosts(profiles)
    content = nova_config.nova_config(plan, 34, **options)
    seen = settings(tmp_path, place, text, content)
    try:
        nova_config.nova_config(plan, 34, **options, others=seen["others"])
        refused = seen["problems"]
    except AnsibleFilterError as error:
        refused = [str(error)]
    assert bool(refused) == is_refused, refused
    mine = tmp_path / "etc/nova/nova.conf.d/50-vfio-devices.conf"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text(content)
    files = [tmp_path / "etc/nova" / BASE, *sorted(mine.parent.iterdir())]
    nodes, functions = node_devices(facts), list(pci_functions(facts))
    alone = ask("nova", mine, functions, nodes)
    found = ask("nova", os.pathsep.join(map(str, files)), functions, nodes)
    found["offers"] = {name: total for name, total in found.get("offers", {}).items() if total}
    devices, gets, offers = promised(plan, facts)
    assert (set(alone["assignable"]), alone["offers"]) == (devices, offers)
    names = {name for name in gets if not options}
    assert {name: set(alone["gets"][name]) for name in names} == {name: gets[name] for name in names}
    known = set(offers) | {
        f"pci_{parent['name'].replace(':', '_').replace('.', '_')}"
        for card in plan["unselected"]
        for parent in facts["parents"]
        if parent["physical_function"] == card["name"]
    }
    same = "error" not in found and (
        {one: found["assignable"].get(one) for one in devices} == {one: alone["assignable"][one] for one in devices}
        and {name: total for name, total in found["offers"].items() if name in offers} == offers
        and all(found["gets"][name] == alone["gets"][name] for name in names)
        and found["providers"].keys() >= alone["providers"].keys()
        and found["classes"] == alone["classes"]
    )
    cards = {card["name"] for card in plan["cards"]}
    of_cards = {one["address"] for one in functions if {one["address"], one["parent_addr"]} & cards}
    same = same and of_cards & set(found["assignable"]) <= devices and set(found["offers"]) <= known
    before = ask("nova", files[0] if place == BASE else mine, functions, nodes)
    same = same and {name for name, total in before["offers"].items() if total} <= set(found["offers"])
    same = same and bool(found["providers"]) == bool(alone["providers"])
    assert same != is_refused, (found, alone)


def test_functions_that_a_spec_matches(ask, file):
    """Compare the matches of the filter with those of the real nova."""
    functions = [specs.CARD, specs.VF, specs.GPU]
    devices = [
        {
            **{"address": one.address, "vendor_id": one.vendor_id, "product_id": one.product_id},
            **{"parent_addr": one.card if one is specs.VF else None, "card_serial_number": None},
            "dev_type": "type-PF" if one.is_sriov else "type-VF" if one is specs.VF else "type-PCI",
        }
        for one in functions
    ]
    for one, _functions in specs.SPECS:
        if "devname" not in one:
            found = ask("nova", file(spec(**one)), devices)["assignable"]
            assert list(found) == [wanted.address for wanted in nova_spec.matching(one, functions)], one
