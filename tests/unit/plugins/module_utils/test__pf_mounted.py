# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run sriov_pf_mode in processes on a mounted host: its writes really block, and runs are really killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.simhost import mounting

ICE, MLX5 = "0000:31:00.0", "0000:98:00.0"
RUN = """
import json, sys
from ansible_collections.vfio.devices.plugins.module_utils._modes import job
from ansible_collections.vfio.devices.plugins.module_utils._modes import observe
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Seen
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
root, timeout, blind, functions = json.loads(sys.argv[1])
if blind:
    observe.observe_uses = lambda *arguments, **options: Seen()
options = {"on_busy": "fail", "allow_host_network": False, "accept_unseen": [], "persist": True}
try:
    result = job.converge(HostRoot(root, timeout), options, wanted.parse_functions(functions), [], False)
except Refused as refused:
    result = {"refused": refused.problems}
print(json.dumps(result))
"""


@pytest.fixture
def host(tmp_path):
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    mounting.mount(fleet, ["nics"])
    yield Host(fleet / "nics")
    mounting.unmount(fleet)


class Host:
    """A mounted host."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def start(self, *functions, timeout=10, blind=False):
        fields = ("num_vfs", "driver", "vf_driver", "drivers_autoprobe", "vfs", "eswitch")
        entries = [{**dict.fromkeys(fields), "reconfigurable": True, **function} for function in functions]
        arguments = json.dumps([str(self.root), timeout, blind, entries])
        return subprocess.Popen([sys.executable, "-c", RUN, arguments], stdout=subprocess.PIPE, text=True)

    def run(self, *functions, **options):
        process = self.start(*functions, **options)
        output = process.communicate(timeout=60)[0]
        assert process.returncode == 0
        return json.loads(output)

    def command(self, *words):
        subprocess.run([sys.executable, "-m", "tests.simhost", *words], cwd=mounting.CHECKOUT, check=True)

    def files(self):
        return sorted(
            str(path.relative_to(self.root)) for name in ("etc", "run") for path in (self.root / name).rglob("*[0-9]*")
        )


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="there is no /dev/fuse")
def test_write_that_blocks_ends_at_the_deadline(host):
    result = host.run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"})
    virtual = result["functions"][0]["after"]["virtual_functions"][0]["address"]
    host.command("hold", str(host.root), virtual)
    before = time.monotonic()
    refused = host.run({"pf": ICE, "mode": "pf"})
    assert "in use by guest simulated" in refused["refused"][0]
    # A write would have blocked until the deadline.
    assert time.monotonic() - before < 10
    # The same without the check for users, as if the guest had started a moment later.
    before = time.monotonic()
    result = host.run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "pf"}, timeout=1.5, blind=True)
    assert time.monotonic() - before < 15
    assert [function["action"] for function in result["functions"]] == ["pending", "skipped"]
    assert f"{virtual} is in use by guest simulated" in result["failures"][0]
    host.command("release", str(host.root), virtual)
    assert host.run({"pf": ICE, "mode": "pf"})["functions"][0]["after"]["driver"] == "vfio-pci"


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="there is no /dev/fuse")
def test_killed_runs_are_finished_by_the_next_one(host):
    entries = [{"pf": ICE, "mode": "pf"}, {"pf": ICE, "mode": "vf", "num_vfs": "5", "vf_driver": "vfio-pci"}]
    taken = []
    for entry in entries:
        before = time.monotonic()
        host.run(entry)
        taken.append(time.monotonic() - before)
    left = host.files()
    for part in (0.5, 0.75):
        for entry, seconds in zip(entries, taken):
            process = host.start(entry)
            time.sleep(part * seconds)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert not host.run(entry).get("failures")
            assert not host.run(entry)["changed"]
    assert host.files() == left
