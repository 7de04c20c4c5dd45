# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record hosts with the playbook, and use a recording as a host of other playbooks."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.recordings import HOSTS
from ansible_collections.vfio.devices.tests.simhost import mounting

RECORDED = "notes-t4"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Mount a simulated host and a recorded one."""
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["mixed", str(HOSTS / RECORDED / "recording.txt")])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def play(fleet, tmp_path):
    """Return a function that runs a playbook and returns success and output."""

    def play(name, *arguments, hosts=("mixed", RECORDED), **variables):
        inventory = tmp_path / "hosts.json"
        inventory.write_text(simulated.inventory(fleet, dict.fromkeys(hosts, {}), **variables))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        return done.returncode == 0, done.stdout + done.stderr

    return play


def test_hosts_are_recorded(play, fleet, tmp_path):
    went_well, said = play("capture")
    assert went_well, said
    file = tmp_path / "vfio-devices-recordings" / "mixed.txt"
    text = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (fleet / "mixed/etc/machine-id").read_text().strip() not in text
    # A second run changes nothing.
    went_well, said = play("capture")
    assert said.count(" changed=0 ") == 2
    assert file.read_text() == text
    # A recording of the recorded host is equal.
    again = (tmp_path / "vfio-devices-recordings" / f"{RECORDED}.txt").read_text()
    assert [
        line for line in Path(HOSTS / RECORDED / "recording.txt").read_text().splitlines() if "modalias" in line
    ] == [line for line in again.splitlines() if "modalias" in line]


def test_a_file_of_others_is_not_replaced(play, tmp_path):
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / "mixed.txt"
    file.write_text("mine\n")
    went_well, said = play("capture", hosts=("mixed",), vfio_capture_directory="out")
    assert not went_well
    assert "vfio_capture_directory" in said
    assert file.read_text() == "mine\n"


def test_playbooks_run_on_a_recording_in_check_mode(play):
    went_well, said = play("discover", hosts=(RECORDED,))
    assert went_well, said
    assert "0000:af:00.0" in said
    profiles = [{"name": "whole", "select": ["0000:af:00.0"], "owner": "none", "mode": "pf"}]
    went_well, said = play("verify", hosts=(RECORDED,), vfio_profiles=profiles)
    # The host differs from its declaration, and cannot be changed.
    assert not went_well
    assert " changed=0 " in said
    assert "EROFS" not in said
