# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test MIG layouts of a simulated host with two H200 and an A100, from the declaration to nvidia-smi."""

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

HOST = "h200"
PROFILES = [
    {"name": "small", "select": "product_id == '2335'", "owner": "none", "mig": {"1g.18gb": 4, "3g.71gb": 1}},
    {"name": "whole", "select": "product_id == '20f1'", "owner": "none", "mig": False},
]


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """Return a function that runs a playbook on the host and returns status, number of changes and output."""
    directory = tmp_path_factory.mktemp("hosts")
    fleet, inventory = directory / "fleet", directory / "hosts.json"

    def play(name, *options, profiles=None):
        inventory.write_text(simulated.inventory(fleet, {HOST: {}}, vfio_profiles=profiles or PROFILES))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        changed = re.search(r"changed=(\d+)", done.stdout)
        return done.returncode, changed and int(changed[1]), done.stdout

    mounting.mount(fleet, [HOST])
    yield play
    mounting.unmount(fleet)


def test_whole_life_of_a_layout(play):
    status, changed, said = play("site", "--check", "--diff")
    assert (status, changed) == (0, 1)
    assert '"1g.18gb": 4' in said
    assert play("verify")[0] != 0
    assert play("site")[:2] == (0, 1)
    assert play("site")[:2] == (0, 0)
    assert play("verify")[0] == 0
    other = [{**PROFILES[0], "mig": {"2g.35gb": 3}}, PROFILES[1]]
    status, dummy, said = play("verify", profiles=other)
    assert status != 0
    assert "layout 1g.18gb" in said
    assert play("reprofile", profiles=other)[0] == 0
    assert play("reprofile", profiles=other)[:2] == (0, 0)
    assert play("verify", profiles=other)[0] == 0


def test_layout_that_does_not_fit_changes_nothing(play):
    status, changed, said = play("site", profiles=[{**PROFILES[1], "mig": {"1g.5gb": 8}}])
    assert (status, changed) == (2, 0)
    assert "the GPU has at most 7 of 1g.5gb. A possible layout is {1g.5gb: 7}" in re.sub(r"\s+", " ", said)
