# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the oldest supported ansible-core, whose templates convert values to text; "make compat" tests all cores."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.vfio.devices.tests import compat
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

OLDEST = next(iter(compat.CORES))


@pytest.fixture
def play(tmp_path):
    """Return a function that runs a playbook on the hosts of tests.compat with a Placement."""
    pythons = compat.pythons_of(OLDEST)
    if not pythons:
        pytest.skip(f"this machine has no Python that ansible-core {OLDEST} can run on")
    variables = compat.of_core(OLDEST, pythons[0])
    service = services.placement(tmp_path / "placement")
    mounting.mount(tmp_path / "fleet", compat.FLEET)
    yield compat.Plays(tmp_path, "oldest", variables, service.url)
    mounting.unmount(tmp_path / "fleet")
    service.stop()


def test_it_publishes_verifies_and_drains(play):
    play("site", changed=True)
    play("verify", changed=False)
    play("drain", "-e", "vfio_wait=0", changed=True)


def test_each_host_of_a_batch_has_its_own_tasks(play):
    """The second host needs the whole role nova_config, because its settings are written on another host."""
    variables = {
        "nova_config_host": "{{ 'localhost' if inventory_hostname == 'l40s' else '' }}",
        # The play has the defaults of roles whose tasks it does not run.
        "nova_config_mode": "{{ cyborg_config_mode }}",
        "placement_publish": False,
        "vfio_profiles": [
            {"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2Q"}},
            {"name": "vfs", "select": "product_id == '26b9'", "mode": "vf", "num_vfs": "max", "vf_driver": "none"},
        ],
    }
    text = play("reprofile", "--check", "-e", "vfio_serial=2", "-e", json.dumps(variables))
    assert hosts_of("Fail if nova cannot use the settings", text) == ["l40s"] * 2
    assert hosts_of("Write the nova configuration", text) == ["l40s", "t4"]
    # The second host has no mediated devices.
    assert hosts_of("Install mdevctl", text) == []


def hosts_of(task, text):
    """Return the hosts that ran or skipped a task of a role."""
    sections = re.findall(rf"^TASK \[\S+ : {task}\] \*+\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    return [host for section in sections for host in re.findall(r"\[(t4|l40s)\b", section)]
