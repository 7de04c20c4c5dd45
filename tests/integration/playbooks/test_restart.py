# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill a play between the write of the nova configuration and the restart: the next run restarts nova-compute once."""

from __future__ import annotations

import signal
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated

HOST = "t4"
FILE = "etc/nova/nova.conf.d/50-vfio-devices.conf"
VARIABLES = {
    "nova_config_release": "2026.2",
    "nova_config_restart": True,
    "vfio_profiles": [{"name": "desktops", "select": ["0000:3b:00.0"], "vgpu": {"type": "GRID T4-2B", "count": 0}}],
}
# On a simulated host, the handler that restarts the service is replaced by this message.
OWED = "still uses its old configuration"


@pytest.fixture
def root(tmp_path):
    return simulated.plain_root(tmp_path / "fleet", HOST)


@pytest.fixture
def play(root, tmp_path):
    """Return a function that starts a playbook."""

    def play(*arguments, name="site", **variables):
        inventory = tmp_path / "hosts.json"
        inventory.write_text(simulated.inventory(root.parent, {HOST: {}}, **{**VARIABLES, **variables}))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)

    return play


def start_service(root, ticks):
    """Start nova-compute at a number of clock ticks since boot."""
    process = root / "proc/4711"
    process.mkdir(parents=True, exist_ok=True)
    (process / "cmdline").write_text("/usr/bin/python3\0/usr/bin/nova-compute\0")
    (process / "stat").write_text(f"4711 (nova compute) S {' '.join('0' * 18)} {ticks} 0\n")


def test_a_killed_play_restarts_the_service_later(root, play):
    start_service(root, 100)
    killed = play()
    for line in killed.stdout:
        if "Restart nova-compute" in line or OWED in line:
            break
        if "Write the nova configuration" in line and (root / FILE).exists():
            break
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert (root / FILE).exists()
    verified = play(name="verify").communicate()[0]
    assert "nova restart: nova-compute: former configuration -> written configuration" in verified
    assert "Restart the unit nova-compute, or run the playbook site with -e nova_config_restart=true." in verified
    assert "Run the playbook site to correct this." not in verified
    predicted = play("--check").communicate()[0]
    assert OWED in predicted
    assert "changed=1" in predicted
    done = play().communicate()[0]
    assert OWED in done
    assert "changed=1" in done
    start_service(root, 5000)
    again = play().communicate()[0]
    assert OWED not in again
    assert "changed=0" in again


def test_settings_that_kolla_ansible_has_not_deployed(root, play, tmp_path):
    """The playbook site writes the file on the deployment host, and only kolla-ansible brings it to the container."""
    directory = root / "etc/kolla/nova-compute"
    directory.mkdir(parents=True)
    (directory / "config.json").write_text('{"command": "nova-compute"}')
    elsewhere = {"nova_config_host": "localhost", "nova_config_path": f"{tmp_path}/nova.conf"}
    said = play(**elsewhere).communicate()[0]
    assert (tmp_path / "nova.conf").exists(), said
    verified = play(name="verify", **elsewhere).communicate()[0]
    assert "nova deployment: /etc/kolla/nova-compute/nova.conf: " in verified
    assert f"Run kolla-ansible reconfigure --tags nova on localhost to deploy the settings of {tmp_path}" in verified
    assert "Run the playbook site to correct this." not in verified
