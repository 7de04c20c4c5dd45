# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks say to somebody who looks at the last lines of a run, and how they end."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.simhost import mounting

GUEST = "7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01"
STAYS = (
    f"0000:3b:00.0 stays as it was: {GUEST} is in use by guest desktop-1 (pid 4711, qemu-system-x86). "
    "All else is done. Run reprofile again when nobody uses it any more."
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["mixed", "t4"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def play(fleet, tmp_path):
    """Runs a playbook on both hosts: its status, what it has said, and by host how many tasks changed something."""

    def play(name, *arguments, **variables):
        common = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "vfio_host_root": str(fleet / "{{ inventory_hostname }}"),
            **variables,
        }
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {"mixed": {}, "t4": {}}, "vars": common}}))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        changed = {host: int(number) for host, number in re.findall(r"^(\S+) .* changed=(\d+) ", done.stdout, re.M)}
        return done.returncode, done.stdout, changed

    return play


def desktops(type_name):
    """The two cards of each host with vGPUs of a type."""
    return [{"name": "t4", "select": "product_id == '1eb8'", "owner": "none", "vgpu": {"type": type_name}}]


def test_a_card_in_use_is_left_and_the_run_fails_when_all_else_is_done(play, fleet):
    old, new = {"vfio_profiles": desktops("GRID T4-2Q")}, {"vfio_profiles": desktops("GRID T4-4Q")}
    status, said, changed = play("site", **old)
    assert status == 0, said

    status, said, changed = play("verify", **new)
    assert (status, changed) == (2, {"mixed": 0, "t4": 0}), said
    assert "shall be GRID T4-4Q" in said

    status, said, changed = play("reprofile", "--check", "--diff", **new)
    assert (status, changed) == (2, {"mixed": 1, "t4": 1}), said
    assert "3b:00.0 would stay as it was" in said
    assert said.count("+++ after") == 2

    # The host with the guest is the first, and the others have their turn all the same.
    status, said, changed = play("reprofile", **new)
    assert (status, changed) == (2, {"mixed": 1, "t4": 1}), said
    assert said.count(f'"msg": "{STAYS}"') == 1

    mounting.request(fleet, command="release", host="mixed", device=GUEST)
    status, said, changed = play("reprofile", **new)
    assert (status, changed) == (0, {"mixed": 1, "t4": 0}), said
    status, said, changed = play("verify", **new)
    assert (status, changed) == (0, {"mixed": 0, "t4": 0}), said
