# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that rejections by Placement are found before the first card of the first host is changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.placement import proxy as proxies
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

FIRST, SECOND = HOSTS = ("t4-1", "t4-2")
DOMAIN = "example.com"
PASSWORD = "secret-wrong"
GUEST = "66666666-0000-0000-0000-000000000011"


def desktops(type_name="GRID T4-2Q", **placement):
    profile = {"name": "desktops", "select": "product_id == '1eb8'", "owner": "none", "vgpu": {"type": type_name}}
    return [{**profile, "placement": placement}]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["t4=2"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """Start a Placement with the compute nodes of both hosts."""
    with services.with_nodes(tmp_path_factory.mktemp("placement"), [f"{host}.{DOMAIN}" for host in HOSTS]) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def wrong_password(cloud):
    """Return the variables of a login that is always denied."""
    proxy = proxies.Proxy(int(cloud.url.rpartition(":")[2]))
    proxy.rules += [proxies.Rule("401", "^POST ", times=1000), proxies.Rule("404", "^GET ", times=1000)]
    domains = {"user_domain_id": "default", "project_domain_id": "default"}
    user = {"username": "admin", "password": PASSWORD, "project_name": "admin"}
    yield {
        "placement_auth_type": "password",
        "placement_auth": {"auth_url": f"{proxy.url}/v3", **user, **domains},
    }
    proxy.stop()


@pytest.fixture
def play(fleet, cloud, tmp_path):
    """Return a function that runs a playbook on both hosts and returns status, output and changed tasks by host."""

    def play(name, *arguments, hosts=None, **variables):
        given = {
            "vfio_profiles": desktops(),
            "placement_publish": True,
            "placement_root": "{{ inventory_hostname }}." + DOMAIN,
            "placement_auth_type": "admin_token",
            "placement_auth": {"endpoint": cloud.url, "token": "admin"},
            **variables,
        }
        inventory = tmp_path / "hosts.json"
        inventory.write_text(simulated.inventory(fleet, {**dict.fromkeys(HOSTS, {}), **(hosts or {})}, **given))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        changed = {host: int(number) for host, number in re.findall(r"^(\S+) .* changed=(\d+) ", done.stdout, re.M)}
        return done.returncode, done.stdout + done.stderr, changed

    return play


def tree(fleet):
    """Return all paths of both hosts, and the content of their configuration files."""
    found = {}
    for directory, folders, files in os.walk(fleet):
        found[directory] = sorted([*folders, *files])
        if "/etc" in directory:
            paths = [Path(directory, name) for name in files]
            found.update((path, path.readlink() if path.is_symlink() else path.read_bytes()) for path in paths)
    return found


REFUSED = {
    "password": ({}, ["cannot log in to the cloud"]),
    "root": (
        {"hosts": {host: {"placement_root": host} for host in HOSTS}},
        [f"Placement would reject the providers of {SECOND}. Nothing was changed on this host.", f"{SECOND}.{DOMAIN}"],
    ),
    "trait": (
        {"vfio_profiles": desktops(traits=["HW_NO_SUCH"])},
        [f"the providers of {SECOND}. ", "Placement has no trait HW_NO_SUCH"],
    ),
    "class": (
        {"vfio_profiles": desktops(resource_class="NO_SUCH"), "vfio_serial": 1},
        # The profile itself is rejected, because the standard names are known.
        ["NO_SUCH"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["real", "check"])
@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_changed_on_any_host(case, arguments, play, fleet, wrong_password):
    variables, words = REFUSED[case]
    before = tree(fleet)
    status, said, changed = play("site", *arguments, **(variables or wrong_password))
    assert status == 2, said
    assert set(changed.values()) == {0}, said
    for sentence in words:
        assert sentence in said
    assert PASSWORD not in said
    assert tree(fleet) == before


@pytest.mark.parametrize("name", ["site", "reprofile"])
def test_a_wrong_number_of_hosts_per_batch_is_refused(play, name):
    status, said, changed = play(name, "-e", "vfio_serial=some", placement_publish=False)
    assert (status, changed) == (2, dict.fromkeys(HOSTS, 0)), said
    assert "vfio_serial must be a whole number from 1 to 100000, or a percentage such as 10%, and not 'some'" in said


def test_an_interpreter_that_cannot_run_the_boot_program_is_refused(play):
    status, said, changed = play("site", boot_python="/opt/none/python3", placement_publish=False)
    assert (status, changed) == (2, dict.fromkeys(HOSTS, 0)), said
    assert "python /opt/none/python3 does not exist: there is no /opt" in said


def test_reprofile_and_drain_check_first_too(play, fleet, cloud):
    before = tree(fleet)
    hosts = {FIRST: {"placement_root": "nobody"}, SECOND: {"placement_root": "nothing"}}
    for name in ("reprofile", "drain"):
        status, said, changed = play(name, hosts=hosts)
        assert (status, changed) == (2, dict.fromkeys(HOSTS, 0)), said
        assert f"Placement would reject the providers of {SECOND}." in said
    assert tree(fleet) == before
    assert list(cloud.tree(f"{FIRST}.{DOMAIN}")) == [f"{FIRST}.{DOMAIN}"]


def test_the_check_of_the_other_hosts_may_fail_too(play, fleet, cloud):
    """A second call excludes a rejected host, and Placement cannot be used for this call."""
    proxy = proxies.Proxy(int(cloud.url.rpartition(":")[2]))
    # Each call asks once for the traits.
    proxy.rules += [proxies.Rule("delay", r"^GET /traits", times=1), proxies.Rule("404", r"^GET /traits", times=1000)]
    before = tree(fleet)
    login = {"endpoint": proxy.url, "token": "admin"}
    status, said, changed = play("site", hosts={FIRST: {"placement_root": "nobody"}}, placement_auth=login)
    proxy.stop()
    assert (status, changed) == (2, dict.fromkeys(HOSTS, 0)), said
    assert "2 hosts: 2 rejected or failed" in said
    assert f"Placement would reject the providers of {FIRST}." in said
    assert tree(fleet) == before


def test_a_python_without_openstacksdk_is_named_with_the_command(play, fleet, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    before = tree(fleet)
    status, said, changed = play("site", "-e", f"ansible_python_interpreter={bare}")
    assert status == 2, said
    # Debian's own Python gets its packages from apt only.
    commands = (f"{sys.executable} -m pip install openstacksdk", "apt install python3-openstacksdk")
    assert any(f"Run there: {command}" in said for command in commands), said
    assert set(changed.values()) == {0}
    assert tree(fleet) == before


def test_less_than_guests_have_is_refused_before_their_card_is_changed(play, fleet, cloud):
    status, said, changed = play("site", vfio_profiles=desktops(resource_class="CUSTOM_T4"))
    assert status == 0, said
    assert set(cloud.tree(f"{FIRST}.{DOMAIN}")) == {FIRST + end for end in (f".{DOMAIN}", *(
        f".{DOMAIN}_vfio_{card}" for card in ("0000:3b:00.0", "0000:af:00.0")))}  # fmt: skip
    # A guest that is shut off has no process, but keeps its allocation in Placement.
    provider = f"{SECOND}.{DOMAIN}_vfio_0000:3b:00.0"
    cloud.allocate(GUEST, provider, {"CUSTOM_T4": 6})
    before = tree(fleet / SECOND)
    try:
        status, said, changed = play("site", vfio_profiles=desktops("GRID T4-4Q", resource_class="CUSTOM_T4"))
    finally:
        cloud.free(GUEST)
    assert (status, changed[SECOND]) == (2, 0), said
    # The other host does not depend on it.
    assert changed[FIRST]
    assert cloud.tree(f"{FIRST}.{DOMAIN}")[f"{FIRST}.{DOMAIN}_vfio_0000:3b:00.0"]
    assert f"{provider}: CUSTOM_T4 cannot shrink to total 4" in said
    assert f"the providers of {SECOND}." in said
    assert f"the providers of {FIRST}." not in said
    assert tree(fleet / SECOND) == before


def test_a_host_that_needs_the_roles_is_published_with_the_others(play, cloud):
    needs_roles = {"iommu_kernel_arguments": ["pci=realloc"], "iommu_bootloader": "none"}
    profiles = desktops(resource_class="CUSTOM_BOTH")
    status, said, changed = play("site", hosts={FIRST: needs_roles}, vfio_profiles=profiles)
    assert status == 0, said
    for host in HOSTS:
        provider = f"{host}.{DOMAIN}_vfio_0000:3b:00.0"
        assert "CUSTOM_BOTH" in json.dumps(cloud.get(provider, "inventories")), said


def test_a_lost_host_does_not_end_the_draining_of_others(play, cloud):
    lost = {"ansible_connection": "ssh", "ansible_ssh_args": "-F none -o ProxyCommand=false"}
    profiles = desktops(resource_class="CUSTOM_BOTH")
    status, said, changed = play("drain", "-e", "vfio_wait=0", hosts={FIRST: lost}, vfio_profiles=profiles)
    assert (status, changed) == (2, {FIRST: 0, SECOND: 1}), said
    for sentence in (
        "2 hosts: 1 changed, 1 rejected or failed",
        f"{SECOND} (changed): Placement: updated 2 providers",
        f"{FIRST} (rejected or failed): The host is unreachable: ",
        f"{SECOND}: no guest or process uses 0000:3b:00.0, 0000:af:00.0",
    ):
        assert sentence in said
    inventory = cloud.get(f"{SECOND}.{DOMAIN}_vfio_0000:3b:00.0", "inventories")["CUSTOM_BOTH"]
    assert inventory["reserved"] == inventory["total"]


def test_a_host_that_is_not_in_placement_yet_may_be_left_out(play):
    hosts = {SECOND: {"placement_root": "new", "placement_root_optional": True}}
    status, said, changed = play("site", hosts=hosts, vfio_profiles=desktops(resource_class="CUSTOM_T4"))
    assert status == 0, said
    # An earlier test has published the host below this root.
    assert f"Placement has no root new. It has {SECOND}.{DOMAIN}" in " ".join(said.split())
