# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the playbook site with failures, and with hosts that need different work."""

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.placement import proxy as proxies
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

FIRST, SECOND = HOSTS = ("t4-1", "t4-2")
PROFILES = [{"name": "desktops", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2Q"}}]
OTHER_PROFILES = [{**PROFILES[0], "owner": "none"}]
# One card of nova, and one that this collection publishes itself.
MIXED_PROFILES = [
    {**PROFILES[0], "select": ["0000:3b:00.0"]},
    {**OTHER_PROFILES[0], "name": "own", "select": ["0000:af:00.0"]},
]


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """Return a function that runs a playbook on two hosts, of which only the second is published."""
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
def login(tmp_path_factory):
    """Return the variables of a Placement that is read-only."""
    service = services.placement(tmp_path_factory.mktemp("placement"))
    services.Cloud(service.url).make(SECOND, traits=["COMPUTE_NODE", "OWNER_NOVA"])
    proxy = proxies.Proxy(service.port)
    proxy.rules.append(proxies.Rule("403", "^(PUT|POST|DELETE) ", times=1000))
    yield {"placement_auth_type": "admin_token", "placement_auth": {"endpoint": proxy.url, "token": "admin"}}
    proxy.stop()
    service.stop()


@pytest.fixture(scope="module")
def said(play, login):
    """Return the output of site if Placement fails after the cards were changed."""
    return play("site", vfio_profiles=MIXED_PROFILES, **login)[1]


def test_no_card_is_changed_where_placement_cannot_be_found(play):
    status, said = play("site", placement_cloud="nowhere", placement_publish=True, vfio_profiles=OTHER_PROFILES)
    assert status
    assert "cannot log in to the cloud" in said
    assert set(re.findall(r"changed=(\d+)", said)) == {"0"}


def test_each_host_says_whether_it_is_published(said):
    failed = dict(re.findall(r"^(\S+) .*failed=(\d)", said, re.MULTILINE))
    assert failed == {FIRST: "0", SECOND: "1"}
    assert f"Placement rejects the providers of {SECOND}." in said


def test_settings_that_were_written_are_told_after_a_failure_too(said):
    for host in HOSTS:
        assert f"nova-compute on {host} still uses its old configuration" in said


def test_no_card_is_changed_where_nova_has_no_such_release(play):
    status, said = play("site", nova_config_release="2026.9", vfio_profiles=OTHER_PROFILES)
    assert status
    assert "'2026.9' is not a nova release" in said
    assert set(re.findall(r"changed=(\d+)", said)) == {"0"}


def test_a_host_that_is_not_published_has_no_drift_in_placement(play, tmp_path):
    running = services.placement(tmp_path)
    login = {"placement_auth_type": "admin_token", "placement_auth": {"endpoint": running.url, "token": "admin"}}
    try:
        services.Cloud(running.url).make(SECOND, traits=["COMPUTE_NODE", "OWNER_NOVA"])
        for name in ("site", "verify"):
            status, said = play(name, **login)
            assert status == 0, said
    finally:
        running.stop()
