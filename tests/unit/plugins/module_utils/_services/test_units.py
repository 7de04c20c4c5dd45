# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import units

UNIT = "usr/lib/systemd/system/nova-compute.service"
DROP_IN = "{}/systemd/system/nova-compute.service.d/{}.conf"


def exec_start(words):
    return f"[Service]\nExecStart=\nExecStart={words}\n"


@pytest.fixture
def read(tmp_path):
    """Return a function that reads nova-compute.service of a host with these files; None is a link that masks one."""

    (tmp_path / "sys").mkdir()

    def read(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                (tmp_path / path).symlink_to("/dev/null")
            else:
                (tmp_path / path).write_text(text)
        return units.read(HostRoot(str(tmp_path)), "nova-compute")

    return read


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, ["a"]),
        # Drop-ins are read by name, not by directory.
        ({("etc", "10-x"): "b", ("usr/lib", "90-y"): "c"}, ["c"]),
        ({("etc", "90-x"): "b", ("usr/lib", "10-y"): "c"}, ["b"]),
        # One of /etc hides the other with its name.
        ({("etc", "10-x"): "b", ("usr/lib", "10-x"): "c"}, ["b"]),
        ({("etc", "10-x"): None, ("usr/lib", "10-x"): "c"}, ["a"]),
        ({("run", "10-x"): "b"}, ["b"]),
    ],
)
def test_drop_ins(read, files, command):
    drop_ins = {DROP_IN.format(*place): words and exec_start(words) for place, words in files.items()}
    assert read({UNIT: exec_start("a"), **drop_ins}).command == command


def test_a_masked_unit(read):
    assert read({UNIT: exec_start("a"), "etc/systemd/system/nova-compute.service": None}) is None


def test_variables_in_the_command(read):
    text = (
        'Environment="ARGS=--config-dir /etc/a" FILE=/etc/b.conf\n'
        "EnvironmentFile=-/etc/default/nova-compute\nEnvironmentFile=-/etc/missing\nUser=nova\n"
    )
    found = read(
        {
            UNIT: f"[Service]\n{text}ExecStart=-/usr/bin/nova-compute $ARGS --config-file=${{FILE}} $MORE $NONE\n",
            "etc/default/nova-compute": "# a\nMORE='--config-dir /etc/c'\nOS_PCI__ALIAS=x\n",
            "etc/passwd": "root:x:0:0::/root:/bin/sh\nnova:x:1:1:Nova:/var/lib/nova:/bin/false\n",
        }
    )
    words = ["--config-dir", "/etc/a", "--config-file=/etc/b.conf", "--config-dir", "/etc/c"]
    assert found.command == ["/usr/bin/nova-compute", *words]
    assert (found.environment["HOME"], found.environment["OS_PCI__ALIAS"]) == ("/var/lib/nova", "x")


def test_comments_are_removed_before_lines_are_joined(read):
    lines = ["[Service]", "#ExecStart=/x \\", "ExecStart=/usr/bin/nova-compute --config-file /a \\"]
    lines += ["# devices \\", "  --config-dir /b", "Environment=OS_PCI__ALIAS=x"]
    found = read({UNIT: "\n".join(lines)})
    assert found.command == ["/usr/bin/nova-compute", "--config-file", "/a", "--config-dir", "/b"]
    assert found.environment == {"OS_PCI__ALIAS": "x"}
