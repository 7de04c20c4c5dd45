# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet for the report: facts of hosts of five kinds, their profiles and Placement, each with some problems."""

from __future__ import annotations

import json

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import plan
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

PARTS = ("physical_functions", "parents", "devices", "iommu", "users")
KINDS = ("gpu", "render", "ai", "nfv", "mixed")
VGPU = {"resource_class": "VGPU"}
PORTS = ["0000:31:00.0", "0000:31:00.1"]
PROFILES = [
    {
        "name": "t4-desktops",
        "select": "product_id == '1eb8'",
        "vgpu": {"type": "GRID T4-2B"},
        "placement": {"resource_class": "VGPU", "traits": ["CUSTOM_TIER_GOLD"]},
    },
    {"name": "a40-render", "select": "product_id == '2235'", "vgpu": {"type": "NVIDIA A40-8Q"}, "placement": VGPU},
    {
        "name": "l40s-inference",
        "select": "product_id == '26b9'",
        "owner": "none",
        "mode": "vf",
        "num_vfs": "max",
        "vgpu": {"type": "NVIDIA L40S-12Q"},
        "placement": {"resource_class": "CUSTOM_L40S", "traits": ["CUSTOM_INFERENCE"]},
    },
    {
        "name": "nfv-ports",
        "select": PORTS,
        "owner": "none",
        "mode": "vf",
        "num_vfs": 16,
        "vf_driver": "vfio-pci",
        "placement": {"resource_class": "CUSTOM_NFV_VF"},
    },
]


def kinds():
    """Return the facts of one host of each kind, and its profiles."""
    names = ("t4", "a40", "l40s", "nics", "mixed", "nics")
    desktops, render, inference, network, mixed, late = map(Simulated, names)
    first, second = (parent["name"] for parent in desktops.facts()["parents"])
    made = desktops.converge({"type": "GRID T4-2B", "parent": first, "count": "max"})["created"]
    made += desktops.converge({"type": "GRID T4-2B", "parent": second, "count": "max"})["created"]
    for number, device in enumerate(made[:9]):
        _hold(desktops, device, f"desktop-{number + 1}")
    for number, device in enumerate(render.converge({"type": "NVIDIA A40-8Q", "count": "max"})["created"][:7]):
        _hold(render, device, f"render-{number + 1}")
    for number, device in enumerate(inference.converge({"type": "NVIDIA L40S-12Q", "count": "max"})["created"][:5]):
        _hold(inference, device, f"inference-{number + 1}")
    mode = {"mode": "vf", "num_vfs": "16", "vf_driver": "vfio-pci"}
    Switch(network)(*({"pf": port, **mode} for port in PORTS))
    ports = next(card for card in network.facts()["physical_functions"] if card["address"] == PORTS[0])
    for number in (0, 1, 2, 7):
        _hold(network, ports["virtual_functions"][number]["address"], f"firewall-{number + 1}")
    Switch(late)({"pf": PORTS[0], **mode, "num_vfs": "12"})
    hosts = {"gpu": desktops, "render": render, "ai": inference, "nfv": network, "mixed": mixed, "late": late}
    return {name: (host.facts(*PARTS), PROFILES if name != "mixed" else []) for name, host in hosts.items()}


def _hold(host, device, guest):
    host.kernel.hold(device, comm="qemu-system-x86", cmdline=["qemu-system-x86_64", "-name", f"guest={guest}"])


def fleet(count, of=None):
    """Return the filter arguments for ``count`` hosts; the kinds repeat, with other names of guests."""
    of = of or kinds()
    given = {"facts_by_host": {}, "profiles": {}, "roots": {}, "placement": None, "time": "2026-11-21 14:00 UTC"}
    placement = {"providers": [], "owners": {}, "usages": {}, "missing": [], "calls": 0}
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        host = f"{kind}{number // len(KINDS) + 1:03}.example.com"
        facts, profiles = of["late" if number % 35 == 3 else kind]
        text = json.dumps(facts)
        for guest in ("desktop-", "render-", "inference-", "firewall-"):
            text = text.replace(f'"{guest}', f'"{guest}{number}-')
        given["facts_by_host"][host] = None if number % 90 == 56 else json.loads(text)
        if number % 90 == 84:
            given["facts_by_host"][host]["warnings"].append("sys/bus/pci/devices/0000:5e:00.0/numa_node: EIO")
        given["profiles"][host] = profiles
        if number % 67 != 66:
            _publish(placement, host, plan.plan(profiles, facts)[0]["cards"], number)
    given["placement"] = placement
    return given


def _publish(placement, host, cards, number):
    """Add what nova and this collection would have in Placement; some hosts have drifted."""
    _provider(placement, host, None, {}, ["COMPUTE_NODE"], "nova")
    drifted = number % 23 == 6
    for position, card in enumerate(cards):
        traits = [] if drifted else card["traits"]
        if card["owner"] == "nova":
            for parent in card["parents"][1 if drifted else 0 :]:
                if parent["total"]:
                    inventory = {"VGPU": _inventory(parent["total"])}
                    name = f"{host}_{libvirt.node_device(parent['name'])}"
                    _provider(placement, name, host, inventory, [*traits, "OWNER_NOVA"], "nova", 8)
        elif card["total"]:
            reserved = card["total"] if number % 10 == 2 and position else 0
            total = card["total"] + (2 if drifted else 0)
            inventory = {card["resource_class"]: _inventory(total, reserved)}
            name = f"{host}_vfio_{card['name']}"
            _provider(placement, name, host, inventory, [*traits, "CUSTOM_NUMA_0"], "vfio.devices", 4)
    if drifted:
        _provider(placement, f"{host}_pci_0000_99_00_0", host, {"VGPU": _inventory(4)}, ["OWNER_NOVA"], "nova")


def _inventory(total, reserved=0):
    return {"total": total, "reserved": reserved, "min_unit": 1, "max_unit": total, "step_size": 1} | {
        "allocation_ratio": 1.0
    }


def _provider(placement, name, parent, inventories, traits, owner, used=0):
    placement["providers"].append(
        {"name": name, "uuid": name, "parent": parent, "inventories": inventories, "traits": traits}
    )
    placement["owners"][name] = owner
    placement["usages"][name] = {name: min(used, one["total"]) for name, one in inventories.items()}
