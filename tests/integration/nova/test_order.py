# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the order of files with the real oslo.config."""

from __future__ import annotations

import json
import subprocess

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe
from ansible_collections.vfio.devices.tests.integration.nova.conftest import PYTHON

MINE = "/etc/nova/nova.conf.d/50-vfio-devices.conf"
OTHERS = ["/etc/nova/nova.conf", "/etc/nova/nova.conf.d/40-a.conf", "/etc/nova/nova.conf.d/60-b.conf"]
ASK = """
import json, sys
from oslo_config import cfg
for line in sys.stdin:
    root, arguments = json.loads(line)
    conf = cfg.ConfigOpts()
    conf.register_opts([cfg.StrOpt("who"), cfg.MultiStrOpt("all")], group="a")
    conf(arguments, project="nova", default_config_files=[root + "/etc/nova/nova.conf"],
         default_config_dirs=[root + "/etc/nova/nova.conf.d"])
    print(json.dumps([conf.a.who, conf.a.all]), flush=True)
"""


@pytest.fixture(scope="module")
def oslo():
    """Start a process that reads the files below a directory like a service with given arguments."""
    with subprocess.Popen([PYTHON, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(*question):
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@pytest.mark.parametrize("others", [OTHERS[:1], OTHERS[1:2], OTHERS[2:], OTHERS])
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--config-file", "/etc/nova/nova.conf"],
        ["--config-dir", "/etc/nova/nova.conf.d"],
        ["--config-file", "/etc/nova/nova.conf", "--config-dir=/etc/nova/nova.conf.d"],
        ["--config-dir", "/etc/nova/nova.conf.d", "--config-file=/etc/nova/nova.conf"],
    ],
)
def test_what_overrides_a_file(oslo, tmp_path, arguments, others):
    for path in (MINE, OTHERS[0], *others):
        file = tmp_path / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"[a]\nwho = {path}\nall = {path}\n" if path == MINE or path in others else "")
    (tmp_path / "sys").mkdir()
    process = tmp_path / "proc/7/cmdline"
    process.parent.mkdir(parents=True)
    process.write_text("\0".join(["nova-compute", *arguments]))
    found = observe(HostRoot(str(tmp_path)), "nova", "nova-compute", "nova-compute", MINE, "[a]\nwho = x\n")
    below = [word.replace("/etc/", f"{tmp_path}/etc/") for word in arguments]
    who, everything = oslo(str(tmp_path), below)
    later = [one["file"] for one in found["overridden"]]
    assert (later[-1] if later else MINE) == who
    assert set(everything) == {MINE, *others}
