# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.simhost import mounting

from . import real

MODULES = "ansible_collections.vfio.devices.plugins.modules"


class Host:
    """A mounted simulated host that mdevctl and our modules change in turn."""

    def __init__(self, root: Path) -> None:
        self.root = root
        real.make_ready(root)

    def mdevctl(self, *arguments):
        """Run mdevctl, which must succeed, and return its output."""
        command = [real.INSIDE, self.root, "mdevctl", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"mdevctl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def mdevctl_json(self, *arguments):
        """Return the output of ``--dumpjson`` by parent."""
        (parents,) = json.loads(self.mdevctl(*arguments, "--dumpjson")) or [{}]
        return parents

    def module(self, name, **options):
        """Run one of our modules and return its result."""
        arguments = self.root.parent.parent / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "host_root": str(self.root)}}))
        command = [sys.executable, "-m", f"{MODULES}.{name}", arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def facts(self):
        """Return the facts about parents and devices."""
        facts = self.module("mdev_facts", gather=["parents", "devices"])["ansible_facts"]["mdev"]
        assert facts["warnings"] == []
        return facts

    def converge(self, **options):
        """Run mdev_instance once."""
        return self.module("mdev_instance", **options)

    def create(self, parent, type_id, uuid):
        """Create an mdev through the kernel interface."""
        types = self.root / "sys/class/mdev_bus" / parent / "mdev_supported_types"
        (types / type_id / "create").write_text(uuid)

    def definition(self, parent, uuid):
        """Return the bytes of a definition."""
        return (self.root / "etc/mdevctl.d" / parent / uuid).read_bytes()

    def reboot(self):
        """Reboot the host; the definitions stay."""
        mounting.request(self.root.parent, command="reboot", host=self.root.name)


@pytest.fixture(scope="session", autouse=True)
def provided():
    """Require mdevctl, or let every test fail with the reason; skip them for an ordinary user."""
    if os.geteuid():
        pytest.skip("only root can show mdevctl a simulated host in place of this machine")
    try:
        real.provide()
    except real.Unavailable as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture
def mounted(tmp_path):
    """Return a function that mounts one host per profile by name."""
    fleet = tmp_path / "fleet"

    def mount(*profiles):
        mounting.mount(fleet, profiles)
        return [Host(fleet / name) for name in sorted(path.name for path in fleet.iterdir()) if name != ".simhost"]

    yield mount
    mounting.unmount(fleet)
