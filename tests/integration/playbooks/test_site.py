# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook site where not all goes well, or not all hosts are asked for the same."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.simhost import mounting

FIRST, SECOND = HOSTS = ("t4-1", "t4-2")


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a run says in which only the second host is published, and Placement cannot be found."""
    directory = tmp_path_factory.mktemp("hosts")
    fleet = directory / "fleet"
    inventory = directory / "hosts.json"
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "vfio_host_root": str(fleet / "{{ inventory_hostname }}"),
        "vfio_profiles": [{"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2Q"}}],
        "nova_config_release": "2026.2",
        "placement_cloud": "nowhere",
    }
    hosts = {FIRST: {}, SECOND: {"placement_publish": True}}
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
    mounting.mount(fleet, ["t4=2"])
    try:
        command = ["ansible-playbook", "-i", str(inventory), "vfio.devices.site"]
        yield subprocess.run(command, check=False, capture_output=True, text=True, timeout=300).stdout
    finally:
        mounting.unmount(fleet)


def test_each_host_says_whether_it_is_published(said):
    failed = dict(re.findall(r"^(\S+) .*failed=(\d)", said, re.MULTILINE))
    assert failed == {FIRST: "0", SECOND: "1"}
    assert "cannot log in to the cloud" in said


def test_settings_that_were_written_are_told_after_a_failure_too(said):
    for host in HOSTS:
        assert f"nova-compute of {host} reads its new settings when it starts again" in said
