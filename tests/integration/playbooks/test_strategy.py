# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that tasks that run once for all hosts wait for all hosts, even with another configured strategy."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

HOSTS = ("mtty-1", "mtty-2", "mtty-3")


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_discover_shows_all_hosts_in_one_table(strategy, tmp_path):
    inventory = tmp_path / "hosts.json"
    inventory.write_text(simulated.inventory(tmp_path / "fleet", dict.fromkeys(HOSTS)))
    environment = {**os.environ, "ANSIBLE_STRATEGY": strategy, "ANSIBLE_FORKS": "1"}
    mounting.mount(tmp_path / "fleet", ["mtty=3"])
    try:
        command = ["ansible-playbook", "-i", str(inventory), "vfio.devices.discover"]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=300)
    finally:
        mounting.unmount(tmp_path / "fleet")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("FREE/MAX PER TYPE") == 1
    assert all(f"\n{host} " in done.stdout.replace("\\n", "\n") for host in HOSTS)
