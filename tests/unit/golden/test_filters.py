# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.unit import plans
from ansible_collections.vfio.devices.tests.unit.golden.play import apply, left_over, table

RELEASES = ["20", "22", "26", "28", "30", "2026.2"]
HAND_MADE = {
    "whole": plans.plan(plans.whole(nova={"alias": "t4"}, traits=["CUSTOM_A", "HW_GPU_API_VULKAN"])),
    "whole_cyborg": plans.plan(plans.whole(owner="cyborg", framework="mdev"), plans.mdevs("nvidia-222", owner="nova")),
    "ports": plans.plan(plans.ports(nova={"physical_network": "physnet1", "trusted": True}, resource_class="CUSTOM_P")),
    "ports_own": plans.plan(plans.ports(owner="none", resource_class="CUSTOM_VF", traits=["CUSTOM_B"])),
    "mdevs": plans.plan(plans.mdevs(), plans.mdevs("nvidia-36", (4, 4), name="0000:85:00.0", traits=["CUSTOM_A"])),
    "mdevs_cyborg": plans.plan(plans.mdevs("nvidia-222", owner="cyborg")),
    "mdevs_own": plans.plan(
        plans.mdevs(owner="none", resource_class="VGPU", traits=["HW_CPU_X86_VMX"], numa_node=None)
    ),
    "vendor_vgpus": plans.plan(plans.vendor_vgpus(nova={"alias": "l40s"}, existing=(0,)), later=[plans.ports()]),
    "clash": plans.plan(plans.whole(nova={"alias": "one"}), plans.ports(nova={"alias": "one"}, profile="other")),
    "nothing": plans.plan(),
    "no_plan": ["no plan"],
}
FILES = {**{f"plan_{name}": name for name in HAND_MADE}, "hostdev_xml": None, "drift": None, "resolve": None}
UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
DEVICES = [
    (UUID, {}),
    (UUID, {"device_api": "vfio-ap"}),
    (UUID, {"display": True, "ramfb": True}),
    ({"uuid": UUID, "address": None, "parent": "0.0.0313"}, {}),
    ("0000:84:00.4", {}),
    ("0000:84:00.4", {"managed": False}),
    ("0000:84:00.4", {"interface": True, "mac": "52:54:00:6d:90:02", "vlan": 5}),
    ({"uuid": None, "address": "0000:84:00.4", "framework": "vendor_vfio", "type": "1157"}, {}),
    ({"uuid": None, "address": "0000:84:00.4", "driver": "mlx5_vfio_pci"}, {}),
    (plans.whole(driver="native"), {}),
    ("x", {}),
    ({"uuid": "x"}, {}),
    (plans.ports(), {}),
    (UUID, {"managed": True, "vlan": 1, "device_api": "vfio-platform", "ramfb": True}),
    ("0000:84:00.4", {"display": True, "mac": "52:54:00:6d:90:02"}),
    ("0000:84:00.4", {"interface": True, "mac": "53:54:00:6d:90:02", "vlan": 4095}),
    (plans.whole(), {"interface": True}),
    (None, {}),
]


def settings_of(plan):
    """Return the result of each filter for a plan."""
    shapes = [{}, *({"shape": shape} for shape in ("nova", "cyborg", "own")), {"cyborg_agent": False, "drain": True}]
    shapes += [{"traits_mode": "exact", "exact_names": True, "shape": "own"}, {"shape": "other"}, {"drain": 3}]
    reporting = {"report_in_placement": True, "pci_in_placement": True}
    compute = {release: apply("nova_config", plan, release) for release in RELEASES}
    compute["2026.2 in placement"] = apply("nova_config", plan, "2026.2", **reporting)
    compute["26 in placement"] = apply("nova_config", plan, "26", **reporting)
    return {
        "nova_config": compute,
        "nova_config api": apply("nova_config", [plan, plan], "2026.2", service="api", **reporting),
        "cyborg_config": [
            apply("cyborg_config", plan),
            apply("cyborg_config", plan, ["fake_driver"], "33"),
            apply("cyborg_config", plan, "x y"),
        ],
        "provider_config": [
            apply("provider_config", plan, "node", release, inventories)
            for release, inventories in (("20", False), ("21", False), ("2026.2", False), ("2026.2", True))
        ],
        "placement_tree": [
            {"options": shape, "tree": apply("placement_tree", plan, "node", **shape)} for shape in shapes
        ],
        "flavor_extra_specs": apply("flavor_extra_specs", plan),
    }


@pytest.mark.parametrize("name", HAND_MADE)
def test_settings_of_plans(golden, name):
    golden(f"filters/plan_{name}", settings_of(HAND_MADE[name]))


def test_hostdev_xml(golden):
    golden(
        "filters/hostdev_xml", [[str(one), options, apply("hostdev_xml", one, **options)] for one, options in DEVICES]
    )


def test_drift(golden):
    golden("filters/drift", [[result, apply("drift", result)] for result in table("drift")])


def test_refusals_of_resolve(play, golden):
    said = []
    for case in table("refusals"):
        facts = play.host_of(case["host"]).facts()
        said.append([case, apply("resolve", case["profiles"], facts)])
    golden("filters/resolve", [*said, apply("resolve", [], {}), apply("resolve", {}, None)])


def test_no_file_is_left_over():
    assert not left_over("filters", FILES)
