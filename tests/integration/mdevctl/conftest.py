# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.simhost import mounting

from . import real

MODULES = "ansible_collections.vfio.devices.plugins.modules"


class Host:
    """A mounted simulated host, on which mdevctl and our modules take turns."""

    def __init__(self, root: Path) -> None:
        self.root = root
        real.make_ready(root)

    def mdevctl(self, *arguments):
        """What mdevctl prints; it must not fail."""
        command = [real.INSIDE, self.root, "mdevctl", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"mdevctl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def mdevctl_json(self, *arguments):
        """By parent what ``--dumpjson`` prints."""
        (parents,) = json.loads(self.mdevctl(*arguments, "--dumpjson")) or [{}]
        return parents

    def module(self, name, **options):
        """The result of a module of ours."""
        arguments = self.root.parent.parent / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "host_root": str(self.root)}}))
        command = [sys.executable, "-m", f"{MODULES}.{name}", arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def facts(self):
        """Parents and devices."""
        facts = self.module("mdev_facts", gather=["parents", "devices"])["ansible_facts"]["mdev"]
        assert facts["warnings"] == []
        return facts

    def converge(self, **options):
        """One run of mdev_instance."""
        return self.module("mdev_instance", **options)

    def create(self, parent, type_id, uuid):
        """Make an mdev as the kernel's own interface has it."""
        types = self.root / "sys/class/mdev_bus" / parent / "mdev_supported_types"
        (types / type_id / "create").write_text(uuid)

    def definition(self, parent, uuid):
        """The bytes of a definition."""
        return (self.root / "etc/mdevctl.d" / parent / uuid).read_bytes()

    def reboot(self):
        """Boot again; the definitions stay."""
        mounting.request(self.root.parent, command="reboot", host=self.root.name)


@pytest.fixture(scope="session", autouse=True)
def provided():
    """mdevctl, or a clear failure of every test."""
    try:
        real.provide()
    except real.Unavailable as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture
def mounted(tmp_path):
    """Mount hosts of one profile each, by name."""
    fleet = tmp_path / "fleet"

    def mount(*profiles):
        mounting.mount(fleet, profiles)
        return [Host(fleet / name) for name in sorted(path.name for path in fleet.iterdir()) if name != ".simhost"]

    yield mount
    mounting.unmount(fleet)
