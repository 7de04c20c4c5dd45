# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import kolla

PROGRAM = "nova-compute"
SOURCE = "/var/lib/kolla/config_files"


@pytest.fixture
def host(tmp_path):
    """Return a function that makes a host with these entries of config.json and files of kolla-ansible."""

    (tmp_path / "sys").mkdir()

    def make(config, *files):
        directory = tmp_path / "etc/kolla" / PROGRAM
        for path in ("config.json", *files):
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(config if path == "config.json" else path)
        return HostRoot(str(tmp_path))

    return make


def entries(*pairs):
    return json.dumps({"config_files": [{"source": source, "dest": target} for source, target in pairs]})


@pytest.mark.parametrize(
    ("pairs", "files", "found"),
    [
        ([(f"{SOURCE}/nova.conf", "/etc/nova/nova.conf")], ["nova.conf"], {"/etc/nova/nova.conf": "nova.conf"}),
        # An optional file that is missing, and a file of the image.
        ([(f"{SOURCE}/nova.conf", "/etc/nova/nova.conf"), ("/opt/a.conf", "/etc/a.conf")], [], {}),
        ([(f"{SOURCE}/*.conf", "/etc/nova/")], ["a.conf", "b.yaml"], {"/etc/nova/a.conf": "a.conf"}),
        (
            [(f"{SOURCE}/more", "/etc/nova/nova.conf.d")],
            ["more/1.conf"],
            {"/etc/nova/nova.conf.d/1.conf": "more/1.conf"},
        ),
        ([(f"{SOURCE}/a", "/etc/x"), (f"{SOURCE}/b", "/etc/x")], ["a", "b"], {"/etc/x": "b"}),
    ],
)
def test_copied_files(host, pairs, files, found):
    expected = {path: f"etc/kolla/{PROGRAM}/{source}" for path, source in found.items()}
    assert kolla.deployed(host(entries(*pairs), *files), PROGRAM) == expected


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "[" * 100000, '{"config_files": 1}', '{"config_files": ["a"]}', '{"command": "a \'"}'],
    ids=lambda text: text[:20],
)
def test_a_config_that_says_nothing(host, text):
    made = host(text)
    assert (kolla.command(made, PROGRAM), kolla.deployed(made, PROGRAM)) == ([], {})


def test_the_command(host):
    assert kolla.command(host('{"command": "nova-compute --config-dir \'/etc/a b\'"}'), PROGRAM) == [
        "nova-compute",
        "--config-dir",
        "/etc/a b",
    ]
