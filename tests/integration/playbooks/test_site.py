# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook site where not all goes well, or not all hosts are asked for the same."""

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

FIRST, SECOND = HOSTS = ("t4-1", "t4-2")
PROFILES = [{"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2Q"}}]
OTHER_PROFILES = [{**PROFILES[0], "owner": "none"}]


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """Runs a playbook on both hosts, of which only the second is published: its status, and what it has said."""
    directory = tmp_path_factory.mktemp("hosts")
    fleet, inventory = directory / "fleet", directory / "hosts.json"
    variables = {"vfio_profiles": PROFILES, "nova_config_release": "2026.2"}

    def play(name, **more):
        hosts = {FIRST: {}, SECOND: {"placement_publish": True}}
        inventory.write_text(simulated.inventory(fleet, hosts, **{**variables, **more}))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout

    mounting.mount(fleet, ["t4=2"])
    yield play
    mounting.unmount(fleet)


@pytest.fixture(scope="module")
def said(play):
    """What site says where Placement cannot be found."""
    return play("site", placement_cloud="nowhere")[1]


def test_each_host_says_whether_it_is_published(said):
    failed = dict(re.findall(r"^(\S+) .*failed=(\d)", said, re.MULTILINE))
    assert failed == {FIRST: "0", SECOND: "1"}
    assert "cannot log in to the cloud" in said


def test_settings_that_were_written_are_told_after_a_failure_too(said):
    for host in HOSTS:
        assert f"nova-compute of {host} reads its new settings when it starts again" in said


def test_no_card_is_changed_where_nova_has_no_such_release(play):
    status, said = play("site", nova_config_release="2026.9", vfio_profiles=OTHER_PROFILES)
    assert status
    assert "'2026.9' is no release of nova" in said
    assert set(re.findall(r"changed=(\d+)", said)) == {"0"}


def test_a_host_that_is_not_published_has_no_drift_in_placement(said, play, tmp_path):
    running = services.placement(tmp_path)
    try:
        services.Cloud(running.url).make(SECOND, traits=["COMPUTE_NODE", "OWNER_NOVA"])
        status, verified = play(
            "verify", placement_auth_type="admin_token", placement_auth={"endpoint": running.url, "token": "admin"}
        )
    finally:
        running.stop()
    assert status == 0, verified
