# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a failed or lost host does not end the work on the others, and that the summary is always printed."""

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

HOSTS = ("t4-1", "t4-2", "t4-3")
UNREACHABLE = {"ansible_connection": "ssh", "ansible_ssh_args": "-F none -o ProxyCommand=false"}
RECAP = re.compile(r"^(\S+) +: .* changed=(\d+) .* failed=(\d+) ", re.MULTILINE)
NO_TYPE = r"profile desktops, 0000:3b:00\.0, 0000:af:00\.0: there is no type NONE\b.*"
LOST = "The host is unreachable: Failed to connect to the host via ssh: .*"


def desktops(type_name):
    return [{"name": "desktops", "select": "product_id == '1eb8'", "owner": "none", "vgpu": {"type": type_name}}]


def lost_after(variable):
    """Return variables of a host that is lost as soon as a variable is set."""
    return {**UNREACHABLE, "ansible_connection": f"{{{{ 'ssh' if {variable} is defined else 'local' }}}}"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["t4=3"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def play(fleet, tmp_path):
    """Return a function that runs a playbook and returns its status, the summary, and changed and failed tasks."""

    def play(name, *hosts, batch=3, arguments=(), **variables):
        inventory = tmp_path / "hosts.json"
        inventory.write_text(simulated.inventory(fleet, dict(zip(HOSTS, hosts, strict=True)), **variables))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}"]
        command += [*(["-e", f"vfio_serial={batch}"] if batch else []), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        recap = {host: (int(changed), int(failed)) for host, changed, failed in RECAP.findall(done.stdout)}
        (summary,) = re.findall(r'"msg": \[\n +"(3 hosts: .*?)"\n +\]', done.stdout, re.DOTALL) or [done.stdout]
        return done.returncode, re.split(r'",\n +"', summary), recap

    return play


def matches(lines, *patterns):
    """Return whether each line matches its pattern completely."""
    return len(lines) == len(patterns) and all(map(re.fullmatch, patterns, lines))


def test_all_hosts_of_all_batches_are_rejected(play):
    status, summary, recap = play("site", {}, {}, {}, batch=2, vfio_profiles=desktops("NONE"))
    assert matches(summary, "3 hosts: 3 rejected or failed", rf"t4-1, t4-2, t4-3 \(rejected or failed\): {NO_TYPE}"), (
        summary
    )
    assert (status, recap) == (2, dict.fromkeys(HOSTS, (0, 1)))


def test_later_batches_are_configured_after_a_rejected_one_and_a_lost_one(play):
    rejected = {"vfio_profiles": desktops("NONE")}
    hosts = [rejected, UNREACHABLE, {}]
    status, summary, recap = play("site", *hosts, batch=1, vfio_profiles=desktops("GRID T4-2Q"))
    assert matches(
        summary,
        "3 hosts: 1 changed, 2 rejected or failed",
        r"t4-3 \(changed\): 0000:3b:00\.0, 0000:af:00\.0 \(10de:1eb8\): created 8 devices each of type GRID T4-2Q",
        r"t4-3 \(changed\): boot service: created \d+ files",
        rf"t4-1 \(rejected or failed\): {NO_TYPE}",
        rf"t4-2 \(rejected or failed\): {LOST}",
    ), summary
    assert (status, recap) == (2, {"t4-1": (0, 1), "t4-2": (0, 1), "t4-3": (1, 0)})


def test_a_host_lost_in_its_turn_is_not_configured_further(play):
    # With this variable, the roles configure the host.
    roles = {"iommu_kernel_arguments": ["pci=realloc"], "iommu_bootloader": "none"}
    hosts = [lost_after("vfio_compared"), {**lost_after("iommu_lacks"), **roles}, {}]
    status, summary, recap = play("site", *hosts, batch=1, vfio_profiles=desktops("GRID T4-4Q"))
    assert summary[0] == "3 hosts: 1 changed, 2 rejected or failed"
    # The message of ssh is not always the same.
    errors = [line for line in summary if "(rejected or failed)" in line]
    assert matches(errors, *[rf"t4-\d(, t4-2)? \(rejected or failed\): {LOST}"] * len(errors)), summary
    assert (status, recap) == (2, {"t4-1": (0, 1), "t4-2": (0, 1), "t4-3": (1, 0)})


def test_hosts_without_a_login_are_in_the_summary(play):
    login = {"placement_publish": True, "placement_cloud": "nowhere"}
    hosts = [{}, {}, UNREACHABLE]
    status, summary, recap = play("site", *hosts, **login, vfio_profiles=desktops("GRID T4-2Q"))
    assert matches(
        summary,
        "3 hosts: 3 rejected or failed",
        r"t4-1 \(rejected or failed\): .*cannot log in to the cloud.*",
        r"t4-2 \(rejected or failed\): Placement was not used for t4-2\. The error is that of t4-1\.",
        rf"t4-3 \(rejected or failed\): {LOST}",
    ), summary
    assert (status, recap) == (2, dict.fromkeys(HOSTS, (0, 1)))


def test_all_hosts_differ(play):
    status, summary, recap = play("verify", {}, UNREACHABLE, {}, vfio_profiles=desktops("GRID T4-8Q"))
    assert summary[0] == "3 hosts: 2 different, 1 rejected or failed"
    assert matches(summary[-1:], rf"t4-2 \(rejected or failed\): {LOST}"), summary
    assert (status, recap) == (2, dict.fromkeys(HOSTS, (0, 1)))


def test_batches_that_only_the_inventory_has_are_refused_before_the_first_change(play):
    status, summary, recap = play("site", {}, {}, {}, batch=None, vfio_serial=1, vfio_profiles=desktops("GRID T4-1Q"))
    assert summary[0] == "3 hosts: 3 rejected or failed"
    assert "vfio_serial: 1 is ignored, because it is a variable of the inventory." in summary[1]
    assert (status, recap) == (2, dict.fromkeys(HOSTS, (0, 1)))


def test_a_configured_end_at_the_first_error_does_not_end_the_work_on_the_others(play, monkeypatch):
    monkeypatch.setenv("ANSIBLE_ANY_ERRORS_FATAL", "true")
    hosts = [{"vfio_profiles": desktops("NONE")}, UNREACHABLE, {}]
    status, summary, recap = play("site", *hosts, vfio_profiles=desktops("GRID T4-1Q"))
    assert summary[0] == "3 hosts: 1 changed, 2 rejected or failed"
    assert (status, recap) == (2, {"t4-1": (0, 1), "t4-2": (0, 1), "t4-3": (1, 0)})


@pytest.mark.parametrize("name", ["site", "verify", "reprofile", "drain"])
def test_with_tags_no_host_is_compared(play, name):
    status, summary, recap = play(name, {}, {}, {}, arguments=["--tags", "x"], vfio_profiles=desktops("GRID T4-8Q"))
    assert summary[0] == "3 hosts: 3 not compared"
    # Hosts without a task are not in the recap.
    assert (status, set(recap.values())) == (0, {(0, 0)})
