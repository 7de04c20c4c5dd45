# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check what site and verify report about kernel arguments, with each boot loader."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

HOSTS = ("debian", "fedora", "systemd_boot")
# Replaces the programs of a host.
RUN = Path(__file__).resolve().parents[3] / "extensions/molecule/iommu/files/run"
PROFILES = [
    {"name": "ports", "select": "class == '0200' && total_vfs > `0`", "owner": "none", "mode": "vf", "num_vfs": 2}
]


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """Return a function that runs a playbook on all hosts and returns its output."""
    directory = tmp_path_factory.mktemp("hosts")
    fleet, inventory = directory / "fleet", directory / "hosts.json"
    mounting.mount(fleet, list(HOSTS))

    def play(name, *arguments):
        variables = {"vfio_profiles": PROFILES, "iommu_command_prefix": [str(RUN), "{{ vfio_host_root }}"]}
        inventory.write_text(simulated.inventory(fleet, dict.fromkeys(HOSTS, {}), **variables))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        return done.stdout + done.stderr

    yield play
    mounting.unmount(fleet)


def kernel_lines(said):
    return [line.strip(' ",') for line in said.splitlines() if "): kernel arguments: " in line]


def test_the_summary_names_added_arguments_until_they_are_added(play):
    said = play("site", "--check")
    predicted = kernel_lines(said)
    assert [line.partition(" (waiting for a reboot): ")[0] for line in predicted] == [
        "debian",
        "fedora, systemd_boot",
    ], said
    assert all("kernel arguments: would add " in line and "iommu=pt" in line for line in predicted)
    # fedora has no /etc/kernel.
    assert "etc/kernel' path due to" not in said
    said = play("site")
    assert kernel_lines(said) == [line.replace("would add", "added") for line in predicted], said
    # The arguments are still missing in the running kernel.
    said = play("site")
    assert kernel_lines(said) == [], said
    assert said.count("reboot required") == 3
    assert "3 hosts: 3 waiting for a reboot" in said
    said = play("verify")
    assert said.count("Run the playbook site, and reboot the host.") >= 3, said
    assert "Run the playbook site to correct this." not in said
