# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use ansible-playbook: options from the action group, check mode with a diff, and no secrets in the output."""

from __future__ import annotations

import json
import subprocess

import pytest

SECRET = "admin"  # the token, which is the only one that Placement accepts here


@pytest.fixture
def play(proxy, tmp_path):
    def play(tasks, *arguments, defaults=None):
        auth = {"auth_type": "admin_token", "auth": {"endpoint": proxy.url, "token": SECRET}}
        book = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "module_defaults": {"group/vfio.devices.openstack": defaults or auth},
                "tasks": tasks,
            }
        ]
        path = tmp_path / "play.yml"
        path.write_text(json.dumps(book))
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return play


def tasks(root, total=4, **options):
    provider = {
        "name": f"{root}_vf",
        "parent": root,
        "inventories": {"CUSTOM_VF": {"total": total}},
        "traits": ["CUSTOM_A"],
    }
    publish = {"vfio.devices.placement_inventory": {"providers": [provider], **options}}
    return [
        {"name": "Publish", **publish, "register": "done"},
        {
            "name": "Read",
            "vfio.devices.placement_inventory_info": {"roots": [root]},
            "register": "read",
        },
        {
            "name": "Show",
            "ansible.builtin.debug": {"msg": "providers={{ read.providers | length }} {{ done.changed }}"},
        },
    ]


def test_group_check_diff_and_secrets(play, cloud, root):
    status, said = play(tasks(root), "--check", "--diff", "-vvv")
    assert status == 0, said
    assert f'"{root}_vf"' in said
    assert "providers=1 True" in said
    assert f'"token": "{SECRET}"' not in said
    assert "********" in said
    status, said = play(tasks(root), "-vvv")
    assert status == 0, said
    assert "providers=2 True" in said
    status, said = play(tasks(root), "-vvv")
    assert "providers=2 False" in said
    assert cloud.get(f"{root}_vf", "inventories")["CUSTOM_VF"]["total"] == 4


def test_cloud_as_a_dictionary_shows_no_secret(play, proxy, root):
    """Ansible cannot know in advance that its values are secret."""
    defaults = {"cloud": {"auth_type": "admin_token", "auth": {"endpoint": proxy.url, "token": "hidden-token"}}}
    status, said = play(tasks(root), "-vvv", defaults=defaults)
    assert status != 0
    assert "Placement says 403" in said
    assert "hidden-token" not in said


def test_a_refusal_in_a_play(play, root):
    status, said = play(tasks(root, total=0), "-vvv")
    assert status != 0
    assert "Nothing was changed in Placement: providers[0]" in said
