# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the nova configuration of a host whose guests have vGPUs of a resource class."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.playbooks.test_restart import start_service

HOST = "mixed"
FILE = "etc/nova/nova.conf.d/50-vfio-devices.conf"
# Both devices exist. A guest has one of them.
DESKTOPS = {
    "name": "desktops",
    "select": ["0000:3b:00.0"],
    "vgpu": {"type": "GRID T4-2Q", "count": 2},
    "placement": {"resource_class": "CUSTOM_GOLD"},
}


@pytest.fixture
def root(tmp_path):
    return simulated.plain_root(tmp_path / "fleet", HOST)


def play(root, **variables):
    """Run site, and return its output and the text of the nova configuration."""
    inventory = root.parent.parent / "hosts.json"
    given = {"nova_config_release": "2026.2", "vfio_profiles": [DESKTOPS], **variables}
    inventory.write_text(simulated.inventory(root.parent, {HOST: {}}, **given))
    command = ["ansible-playbook", "-i", str(inventory), "vfio.devices.site"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, (root / FILE).read_text()


def test_another_option_changes_while_guests_have_vgpus_of_a_class(root):
    """The task that writes the file compares the class with the current file, as the plan does."""
    start_service(root, 100)
    first = play(root)[1]
    assert "mdev_class = CUSTOM_GOLD" in first
    # The operator has enabled the type before, with the default class.
    (root / "etc/nova/nova.conf").write_text(first[first.index("[devices]") : first.index("mdev_class")])
    said, text = play(root, nova_config_report_in_placement=True)
    assert "TASK [Write the nova configuration]" in said
    assert "mdev_class = CUSTOM_GOLD" in text
    assert "report_in_placement = true" in text
