# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the module runs on changed hosts, whose settings are written in the run that creates the devices."""

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

NOVA, CYBORG = "etc/nova/nova.conf.d/50-vfio-devices.conf", "etc/cyborg/cyborg.conf.d/50-vfio-devices.conf"
PORT = {"name": "ports", "select": ["0000:18:00.0"], "mode": "pf"}
T4 = {"name": "t4", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2Q"}, "owner": "cyborg"}
L40S = {"name": "l40s", "select": "product_id == '26b9'", "vgpu": {"type": "NVIDIA L40S-8Q"}, "mode": "vf"}


@pytest.fixture
def fleet(tmp_path):
    directory = tmp_path / "hosts"
    mounting.mount(directory, ["l40s", "t4"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def play(fleet, tmp_path):
    """Return a function that runs a playbook on a host and returns status, output, changed tasks and module runs."""
    interpreter, count = simulated.counting_interpreter(tmp_path)

    def play(host, *options, name="site", **variables):
        inventory = tmp_path / "hosts.json"
        given = {"ansible_python_interpreter": str(interpreter), "nova_config_release": "2026.2", **variables}
        inventory.write_text(simulated.inventory(fleet, {host: {}}, **given))
        count.write_text("")
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", "--diff", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        changed = int(re.search(r"^\S+ .* changed=(\d+) ", done.stdout, re.M)[1])
        return done.returncode, done.stdout, changed, len(count.read_text().split())

    return play


def settings(said):
    """Return the differences of the settings files in the output of a play."""
    return re.findall(r"^--- before: \S+/50-vfio-devices\.conf\n(?:[-+@ ].*\n)+", said, re.M)


@pytest.mark.parametrize(("host", "profiles", "most"), [("t4", [{**T4, "owner": "nova"}], 2), ("l40s", [L40S], 3)])
def test_settings_need_no_run_of_their_own(host, profiles, most, play, fleet):
    status, predicted, would_change, _runs = play(host, "--check", vfio_profiles=profiles)
    assert status == 0, predicted
    assert not (fleet / host / NOVA).exists()
    status, said, changed, runs = play(host, vfio_profiles=profiles)
    assert (status, changed, runs) == (0, would_change, most), said
    assert settings(said) == settings(predicted)
    assert len(settings(said)) == 1
    assert f"nova-compute on {host} still uses its old configuration." in said
    assert f"{host} (changed): nova configuration: created 1 file. nova-compute needs a restart" in said
    assert play(host, vfio_profiles=profiles)[2:] == (0, 1)
    assert play(host, name="verify", vfio_profiles=profiles)[0] == 0


def test_a_failure_is_reported_and_the_next_run_finishes(play, fleet):
    """The settings of nova are written, and those of Cyborg fail."""
    given = {"vfio_profiles": [PORT, T4], "cyborg_config_path": f"/{CYBORG}", "sriov_allow_host_network": True}
    before = {**given, "vfio_profiles": [PORT], "cyborg_config_path": "", "nova_config_path": "/etc/nova/other.conf"}
    status, said, _changed, _runs = play("t4", **before)
    assert status == 0, said
    foreign = fleet / "t4" / NOVA
    foreign.parent.mkdir(parents=True)
    foreign.write_text("[pci]\n")
    status, said, changed, _runs = play("t4", **given)
    assert (status, changed) == (2, 0), said
    foreign.unlink()
    (fleet / "t4/usr/local/lib/vfio-devices-restore.pyz").unlink()
    mounting.request(fleet, command="fault", host="t4", operation="write", errno="EIO", path="etc/cyborg/*/*")
    status, said, changed, runs = play("t4", **given)
    assert (status, changed, runs) == (2, 2, 2), said
    assert re.search(
        r"^fatal: \[t4\]: FAILED! => .*cyborg.conf.d/50-vfio-devices.conf could not be created: EIO", said, re.M
    )
    assert "nova-compute on t4 still uses its old configuration." in said
    assert "t4 (rejected or failed): before the failure, changed: nova configuration: created 1 file." in said
    assert r"t4 failed at the task \"Write the Cyborg configuration\"" in said
    mounting.request(fleet, command="clear-faults", host="t4")
    status, said, changed, runs = play("t4", **given)
    assert (status, changed, runs) == (0, 1, 2), said
    assert "cyborg-agent on t4 still uses its old configuration." in said
    assert play("t4", **given)[2:] == (0, 1)
