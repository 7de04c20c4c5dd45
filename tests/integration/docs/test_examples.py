# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run every inventory below examples on its simulated hosts."""

from __future__ import annotations

import os
import subprocess

import pytest
import yaml
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

from .reader import DEADLINE, RECAP, ROOT

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/hosts.yml"))
# A disabled IOMMU is configured for the next boot, and its card is rejected until then.
ONLY_CHECKED = ("proxmox",)


@pytest.fixture
def run(request, tmp_path):
    """Return a function that runs the playbook site with an example on its hosts and returns the output."""
    fleet = tmp_path / "fleet"
    fleet.mkdir()

    def run(example):
        inventory = yaml.safe_load((ROOT / f"examples/{example}/hosts.yml").read_text())
        hosts = list(inventory["all"]["children"]["hypervisors"]["hosts"])
        environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml")}
        if example == "placement":
            running = request.getfixturevalue("placement")
            cloud = services.Cloud(running.url)
            for host in hosts:
                if not cloud.provider(host):
                    cloud.make(host, traits=["COMPUTE_NODE", "OWNER_NOVA"])
            login = {"auth_type": "admin_token", "auth": {"endpoint": running.url, "token": "admin"}}
            (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"mycloud": login}}))
        mounting.mount(fleet, hosts)
        inventories = ["-i", f"examples/{example}", "-i", "examples/simulated.yml", "-e", f"fleet={fleet}"]
        check = ["--check"] if example in ONLY_CHECKED else []
        return subprocess.run(
            ["ansible-playbook", *inventories, "vfio.devices.site", *check],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    yield run
    mounting.unmount(fleet)


def test_there_are_examples():
    assert len(EXAMPLES) >= 6
    readme = (ROOT / "examples/README.md").read_text()
    assert not [example for example in EXAMPLES if f"`{example}`" not in readme]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(run, example):
    done = run(example)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # Every host must be changed, so that selections without cards are detected.
    assert [changed for _host, changed, *_rest in RECAP.findall(said) if changed == "0"] == [], said
    assert RECAP.findall(said), said
