# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merge nova.conf with kolla-ansible's own code, and read the result with the real nova."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.nova_config import nova_config
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe
from ansible_collections.vfio.devices.tests.integration.nova.conftest import BUILD, PYTHON
from ansible_collections.vfio.devices.tests.integration.nova.test_nova import functions
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


def config_json():
    """Return config.json of nova-compute from the template of kolla-ansible."""
    (template,) = KOLLA.rglob("nova-cell/templates/nova-compute.json.j2")
    environment = jinja2.Environment()
    environment.filters["bool"] = bool
    variables = {"container_config_directory": "/var/lib/kolla/config_files", "nova_cell_compute_provider_config": {}}
    return environment.from_string(template.read_text()).render(variables)


@pytest.fixture
def deploy(tmp_path):
    """Merge files like kolla-ansible, and return how nova-compute of the container has our text."""

    def deploy(text, new=None, **others):
        for path, content in {HOST: text, **others}.items():
            file = tmp_path / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        command = [PYTHON, MERGE, KOLLA, *(tmp_path / source[1:] for source in sources())]
        merged = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        container = tmp_path / "etc/kolla/nova-compute"
        container.mkdir(parents=True, exist_ok=True)
        (container / "config.json").write_text(config_json())
        (container / "nova.conf").write_text(merged)
        (tmp_path / "sys").mkdir(exist_ok=True)
        host = HostRoot(str(tmp_path))
        found = observe(host, "nova", "nova-compute", "nova-compute", HOST, text if new is None else new, text)
        return container / "nova.conf", found

    return deploy


def test_the_settings_reach_nova_in_the_container(ask, file, deploy):
    text = nova_config(plan(*CARDS), 34)
    merged, seen = deploy(text, **{"/etc/kolla/config/nova.conf": COMMON})
    assert (seen["undeployed"], seen["others"]) == ([], [])
    found = ask("nova", merged)
    assert found == ask("nova", file(text))
    assert set(found["aliases"]) == {"nfv", "gpu"}


def test_a_later_file_of_kolla_that_wins_is_seen(deploy):
    found = list(sources())
    later = found[found.index(HOST) + 1]
    text = nova_config(plan(*CARDS), 34)
    merged, seen = deploy(text, **{later: "[devices]\nenabled_mdev_types = nvidia-36\n"})
    assert seen["undeployed"] == ["[devices]enabled_mdev_types"]


STRANGER = {
    **{"name": "0000:99:00.0", "address": "0000:99:00.0", "vendor_id": "8086", "product_id": "1592"},
    **{"vf_product_id": "1889", "class": "0200", "framework": None, "types": [], "virtual_functions": ["0000:99:01.0"]},
    "netdevs": [],
}
# Options in an override of an operator, and the beginning of the refusal.
OVERRIDES = [
    ("[DEFAULT]\ndebug = True\n", None),
    ('[pci]\nalias = {"name": "old", "vendor_id": "8086", "product_id": "1572"}\n', None),
    ("[mdev_nvidia-35]\nmax_instances = 2\n", "type nvidia-35: {file} sets max_instances = 2"),
    ("[pci]\nreport_in_placement = true\n", "{file} sets report_in_placement = true in [pci]"),
    ('[pci]\ndevice_spec = {"address": "0000:99:01.0"}\n', "nova would no longer assign 0000:99:01.0"),
    ('[pci]\ndevice_spec = {"address": "0000:81:00.0", "physical_network": "a"}\n', None),
]


@pytest.mark.parametrize(("override", "sentence"), OVERRIDES)
def test_overrides_of_an_operator(ask, deploy, override, sentence):
    """Compare the refusals before the first deployment with what nova reads after it."""
    device = {"address": "0000:99:01.0", "parent_addr": "0000:99:00.0", "vendor_id": "8086", "product_id": "1889"}
    devices = [{**device, "dev_type": "type-VF", "card_serial_number": None}, *functions(*CARDS)]
    host = {**plan(*CARDS), "unselected": [STRANGER]}
    text = nova_config(host, 34)
    others = {"/etc/kolla/config/nova.conf": override}
    before, seen = deploy("", text, **others)
    was_assigned = ask("nova", before, devices)["assignable"]
    try:
        nova_config(host, 34, others=seen["others"])
        refused = ""
    except AnsibleFilterError as error:
        refused = str(error).splitlines()[1]
    assert refused.startswith((sentence or "").format(file="/etc/kolla/nova-compute/nova.conf"))
    assert bool(refused) == bool(sentence)
    merged, dummy = deploy(text, **others)
    found = ask("nova", merged, devices)
    is_same = not found["providers"] and not found["limits"] and set(found["aliases"]) == {"nfv", "gpu"}
    is_same = is_same and ("0000:99:01.0" in found["assignable"]) == ("0000:99:01.0" in was_assigned)
    assert is_same == (sentence is None)
    # The next run does not take the own options for those of others.
    again = deploy(text, nova_config(plan(*CARDS[:2]), 34))[1]
    assert [one for one in again["others"] if one not in seen["others"]] == []
