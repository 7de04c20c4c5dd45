# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that nova cannot change the resource class of devices in use, and that the filter rejects this."""

from __future__ import annotations

import uuid

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import nova_config
from ansible_collections.vfio.devices.tests.integration.libvirt import daemon
from ansible_collections.vfio.devices.tests.integration.nova.test_hosts import WITH_USERS, resolve
from ansible_collections.vfio.devices.tests.integration.nova.test_mixtures import brought_to
from ansible_collections.vfio.devices.tests.simhost import plain
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated

T4 = {"name": "t4", "select": ["0000:3b:00.0"], "vgpu": {"type": "GRID T4-2B", "count": 2}}
NIC = {"name": "nfv", "select": ["0000:31:00.0"], "mode": "vf", "num_vfs": 4, "vf_driver": "vfio-pci"}
GOLD = {"placement": {"resource_class": "CUSTOM_GOLD"}}
SMALL = {"placement": {"resource_class": "CUSTOM_SMALL"}}
IN_PLACEMENT = {"report_in_placement": True}


def allocate(cloud, root):
    """Allocate a device of the first provider below a root."""
    ((name, resource_class),) = [
        (name, one) for name, provider in cloud.tree(root).items() if name != root for one in provider["inventories"]
    ]
    resources = {cloud.provider(name)["uuid"]: {"resources": {resource_class: 1}}}
    owner = {"project_id": "p", "user_id": "u", "consumer_generation": None, "consumer_type": "INSTANCE"}
    cloud("PUT", f"/allocations/{uuid.uuid4()}", {"allocations": resources, **owner})


@pytest.mark.parametrize(
    ("name", "before", "after", "options"),
    [
        ("t4", T4, {**T4, **GOLD}, {}),
        ("nics", NIC, {**NIC, **GOLD}, IN_PLACEMENT),
        ("nics", {**NIC, **GOLD}, {**NIC, **SMALL}, IN_PLACEMENT),
    ],
)
def test_resource_class_of_a_device_in_use(cloud, tracked, tmp_path, name, before, after, options):
    daemon.require()
    host = Simulated(name)
    plan, facts = brought_to(host, [before])
    text = nova_config.nova_config(plan, 34, **options)
    changed = nova_config.nova_config(resolve.resolve([after], facts), 34, present=text, **options)
    plain.write(host.kernel, tmp_path / "tree")
    devices = list(daemon.ask(tmp_path / "tree")["devices"].values())
    scene = {"tree": tmp_path / "tree", "devices": devices}
    root = f"node-{uuid.uuid4().hex}"
    for step in (text, changed, text):
        assert "error" not in tracked(scene, root, 34, step)
    allocate(cloud, root)
    assert "error" not in tracked(scene, root, 34, text)
    assert "409" in tracked(scene, root, 34, changed)["error"]
    host.kernel.hold(next(iter(host.devices())) if name == "t4" else plan["cards"][0]["virtual_functions"][0])
    plan = resolve.resolve([after], host.facts(*WITH_USERS))
    with pytest.raises(AnsibleFilterError, match="nova-compute no longer reports the host if it becomes"):
        nova_config.nova_config(plan, 34, present=text, **options)
