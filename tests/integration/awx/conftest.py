# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.awx.templates import ROOT
from ansible_collections.vfio.devices.tests.simhost import mounting

HOSTS = ("t4", "l40s")
PROFILES = [
    {
        "name": "desktops",
        "select": "product_id == '1eb8'",
        "owner": "none",
        "vgpu": {"type": "GRID T4-2Q"},
        "placement": {"resource_class": "CUSTOM_VGPU_T4"},
    },
    {
        "name": "inference",
        "select": "product_id == '26b9'",
        "owner": "none",
        "mode": "vf",
        "num_vfs": "max",
        "vgpu": {"type": "NVIDIA L40S-24Q"},
        "placement": {"resource_class": "CUSTOM_VGPU_L40S"},
    },
]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Mount simulated hosts."""
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, [*HOSTS])
    yield directory
    mounting.unmount(directory)


@pytest.fixture(scope="module")
def job(fleet, tmp_path_factory):
    """Create the private data directory of a job, like AWX for ansible-runner."""

    def make(extra, environment, hosts=HOSTS, **variables):
        directory = tmp_path_factory.mktemp("job")
        for name in ("env", "inventory", "project"):
            (directory / name).mkdir()
        for playbook in (ROOT / "extensions/awx/playbooks").iterdir():
            (directory / "project" / playbook.name).write_bytes(playbook.read_bytes())
        variables = {"vfio_profiles": PROFILES, **variables}
        (directory / "inventory/hosts.json").write_text(simulated.inventory(fleet, dict.fromkeys(hosts), **variables))
        (directory / "env/extravars").write_text(json.dumps(extra))
        (directory / "env/envvars").write_text(json.dumps({"HOME": str(directory), **environment}))
        # An unanswered prompt ends the job.
        (directory / "env/settings").write_text(json.dumps({"idle_timeout": 120}))
        return directory

    return make
