# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merge nova.conf with kolla-ansible's own code, and read the result with the real nova."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.filter.nova_config import nova_config
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe
from ansible_collections.vfio.devices.tests.integration.nova.conftest import BUILD, PYTHON
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, whole

KOLLA = BUILD / "novas/kolla-ansible-23.0.0"
MERGE = Path(__file__).with_name("merge.py")
HOST = "/etc/kolla/config/nova/compute1/nova.conf"
CARDS = [
    mdevs(profile="vgpus"),
    ports(name="0000:81:00.0", profile="nfv", nova={"alias": "nfv"}),
    whole(name="0000:41:00.0", profile="gpu", nova={"alias": "gpu"}),
]
# Settings of an operator for all hosts.
COMMON = '[DEFAULT]\ndebug = True\n[pci]\nalias = {"name": "old", "vendor_id": "8086", "product_id": "1572"}\n'


def sources():
    """Return the files that kolla-ansible merges for nova-compute of a host, in order, below /etc/kolla/config."""
    (tasks,) = KOLLA.rglob("nova-cell/tasks/config.yml")
    (task,) = (one for one in yaml.safe_load(tasks.read_text()) if one["name"] == "Copying over nova.conf")
    names = {"node_custom_config": "/etc/kolla/config", "inventory_hostname": "compute1", "item.key": "nova-compute"}
    for source in task["merge_configs"]["sources"]:
        if "templates" not in source:
            yield re.sub(r"{{ ([a-z_.]+) }}", lambda name: names[name[1]], source)


@pytest.fixture
def deploy(tmp_path):
    """Merge files like kolla-ansible, and return the parts of our text that nova-compute of the container lacks."""

    def deploy(text, **others):
        for path, content in {HOST: text, **others}.items():
            file = tmp_path / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        command = [PYTHON, MERGE, KOLLA, *(tmp_path / source[1:] for source in sources())]
        merged = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        container = tmp_path / "etc/kolla/nova-compute"
        container.mkdir(parents=True, exist_ok=True)
        (container / "config.json").write_text("{}")
        (container / "nova.conf").write_text(merged)
        (tmp_path / "sys").mkdir(exist_ok=True)
        found = observe(HostRoot(str(tmp_path)), "nova", "nova-compute", "nova-compute", HOST, text)
        return container / "nova.conf", found["undeployed"]

    return deploy


def test_the_settings_reach_nova_in_the_container(ask, file, deploy):
    text = nova_config(plan(*CARDS), 34)
    merged, undeployed = deploy(text, **{"/etc/kolla/config/nova.conf": COMMON})
    assert undeployed == []
    found = ask("nova", merged)
    assert found == ask("nova", file(text))
    assert set(found["aliases"]) == {"nfv", "gpu"}


def test_a_later_file_of_kolla_that_wins_is_seen(deploy):
    found = list(sources())
    later = found[found.index(HOST) + 1]
    text = nova_config(plan(*CARDS), 34)
    merged, undeployed = deploy(text, **{later: "[devices]\nenabled_mdev_types = nvidia-36\n"})
    assert undeployed == ["[devices]enabled_mdev_types"]
