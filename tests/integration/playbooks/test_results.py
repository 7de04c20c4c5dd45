# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that results of other hosts, and of earlier playbooks of the same run, do not change the work on a host."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

FIRST, SECOND = HOSTS = ("t4-1", "t4-2")
GPU = "0000:3b:00.0"
CREATED = "0000:3b:00.0, 0000:af:00.0 (10de:1eb8): created {} devices each of type {}"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["t4=2"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """Start a Placement with the compute nodes of both hosts."""
    with services.with_nodes(tmp_path_factory.mktemp("placement"), HOSTS) as cloud:
        yield cloud


@pytest.fixture
def play(fleet, cloud, tmp_path):
    """Return a function that runs playbooks, and returns the status, the summaries and the output."""

    def play(books, hosts=None, *arguments, **variables):
        given = {
            "placement_publish": True,
            "placement_auth_type": "admin_token",
            "placement_auth": {"endpoint": cloud.url, "token": "admin"},
            **variables,
        }
        inventory, book = tmp_path / "hosts.json", tmp_path / "play.yml"
        inventory.write_text(simulated.inventory(fleet, {**dict.fromkeys(HOSTS, {}), **(hosts or {})}, **given))
        book.write_text(json.dumps([{"import_playbook": f"vfio.devices.{name}", "vars": own} for name, own in books]))
        command = ["ansible-playbook", "-i", str(inventory), str(book), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        found = re.findall(r'"msg": \[\n +"(2 hosts: .*?)"\n +\]', done.stdout, re.DOTALL)
        return done.returncode, [re.split(r'",\n +"', summary) for summary in found], done.stdout + done.stderr

    return play


def desktops(type_name):
    profile = {"name": "desktops", "select": "product_id == '1eb8'", "owner": "none", "vgpu": {"type": type_name}}
    return {"vfio_profiles": [{**profile, "placement": {"resource_class": "CUSTOM_T4"}}]}


def total(cloud, host):
    return cloud.get(f"{host}_vfio_{GPU}", "inventories")["CUSTOM_T4"]["total"]


def test_a_host_that_fails_before_its_request_sends_no_request_for_others(play, cloud):
    status, (summary,), said = play([("site", desktops("GRID T4-4Q"))])
    assert status == 0, said
    assert "[WARNING]" not in said
    # The first host fails after the check and before its request.
    late = {"placement_root": "{{ 'x' * 300 if vfio_applied is defined else 't4-1' }}"}
    status, (summary,), said = play([("site", desktops("GRID T4-2Q"))], {FIRST: late})
    assert (status, summary[0]) == (2, "2 hosts: 1 changed, 1 rejected or failed"), said
    assert (total(cloud, FIRST), total(cloud, SECOND)) == (4, 8)


def test_each_playbook_of_a_run_reports_its_own_changes(play, fleet):
    reboot = {"iommu_kernel_arguments": ["pci=realloc"], "iommu_bootloader": "none"}
    (fleet / SECOND / "etc/vfio-devices/placement.conf").unlink()
    books = [
        ("site", desktops("GRID T4-2Q")),
        ("site", {**desktops("GRID T4-4Q"), **reboot}),
        ("site", desktops("GRID T4-8Q")),
        ("reprofile", desktops("GRID T4-2Q")),
        ("verify", desktops("GRID T4-2Q")),
    ]
    status, (recorded, waiting, changed, reprofiled, verified), said = play(books)
    assert status == 0, said
    assert f"{SECOND} (changed): record of the host's provider in Placement: created 1 file" in recorded
    assert waiting[0] == "2 hosts: 2 waiting for a reboot"
    assert f"{FIRST}, {SECOND} (waiting for a reboot): {CREATED.format(4, 'GRID T4-4Q')}" in waiting
    assert changed[0] == "2 hosts: 2 changed"
    assert f"{FIRST}, {SECOND} (changed): {CREATED.format(2, 'GRID T4-8Q')}" in changed
    assert not [line for line in changed if "created 4 devices" in line]
    assert f"{FIRST}, {SECOND} (changed): {CREATED.format(8, 'GRID T4-2Q')}" in reprofiled
    assert verified == ["2 hosts: 2 unchanged"]
    # The first of the later playbooks needs no reboot.
    assert said.count("reboot required") == 2


def test_drain_rejects_a_host_without_a_root_and_removes_no_provider(play, cloud):
    hosts = {
        FIRST: {"placement_root": "missing", "placement_root_optional": True},
        SECOND: {"placement_state": "absent"},
    }
    status, (summary,), said = play([("drain", {**desktops("GRID T4-2Q"), "vfio_wait": 0})], hosts)
    assert (status, summary[0]) == (2, "2 hosts: 1 changed, 1 rejected or failed"), said
    assert "missing: there is no provider with this name" in summary[-1]
    assert cloud.get(f"{SECOND}_vfio_{GPU}", "inventories")["CUSTOM_T4"]["reserved"] == 8
    assert cloud.get(f"{FIRST}_vfio_{GPU}", "inventories")["CUSTOM_T4"]["reserved"] == 0


def test_reprofile_predicts_the_providers_of_changed_cards(play, cloud):
    status, _summaries, said = play([("site", desktops("GRID T4-2Q"))])
    assert status == 0, said
    uuid = cloud.provider(f"{SECOND}_vfio_{GPU}")["uuid"]
    cloud("DELETE", f"/resource_providers/{uuid}")
    status, (summary,), said = play([("reprofile", desktops("GRID T4-4Q"))], None, "--check")
    assert status == 0, said
    assert f"{FIRST} (would change): Placement: would update 2 providers" in summary
    assert f"{SECOND} (would change): Placement: would create 1 provider, would update 1 provider" in summary
