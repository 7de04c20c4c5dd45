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
    """The role configures nova for the second host only, because another host has its configuration."""
    elsewhere = "{{ 'localhost' if inventory_hostname == 'l40s' else '' }}"
    text = play("reprofile", "--check", "-e", "vfio_serial=2", "-e", json.dumps({"nova_config_host": elsewhere}))
    included = re.findall(r"included: vfio.devices.nova_config for (.*)", text)
    assert included == ["l40s", "t4"]
    print(text)
    raise SystemExit
