# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from ansible_collections.vfio.devices.tests.unit.golden.play import apply, left_over, table, unless_same

DECLARATIONS = table("declarations")
SITES = [f"{name}.{host}" for name, declaration in DECLARATIONS.items() for host in declaration["hosts"]]
RELEASE = "2026.2"


@pytest.mark.parametrize("site", SITES)
def test_site(play, golden, site):
    """Compare the changes of the playbook ``site``, and the results of ``verify`` before and after it."""
    name, host_name = site.split(".")
    declaration = DECLARATIONS[name]
    options = {"on_busy": declaration.get("on_busy", "fail")}
    host = play.host_of(host_name)
    said = {"plan": apply("resolve", declaration["profiles"], host.facts())}
    for module, key, further in (
        ("sriov_pf_mode", "functions", {}),
        ("mdev_instance", "instances", {"exact": True}),
        ("mdev_instance", "unwanted", {"state": "absent"}),
    ):
        plan = apply("resolve", declaration["profiles"], host.facts())
        if not plan.get(key):
            continue
        wanted = {"functions" if key == "functions" else "instances": plan[key], **options, **further}
        runs = play.runs(module, wanted, host)
        said[key] = {"drift": apply("drift", {host_name: copy.deepcopy(runs["check"])}), **runs}
    facts = host.facts()
    plan = apply("resolve", declaration["profiles"], facts)
    said["plan at the end"] = unless_same(plan, said["plan"])
    if "refused" not in plan:
        for filter_name, arguments in (
            ("nova_config", [RELEASE]),
            ("cyborg_config", []),
            ("provider_config", [host_name, RELEASE, True]),
            ("placement_tree", [host_name]),
            ("flavor_extra_specs", []),
        ):
            said[filter_name] = apply(filter_name, plan, *arguments)
        said["hostdev_xml"] = [apply("hostdev_xml", device) for device in facts["devices"][:3]]
    golden(f"sites/{site}", said)


def test_no_file_is_left_over():
    assert not left_over("sites", SITES)
