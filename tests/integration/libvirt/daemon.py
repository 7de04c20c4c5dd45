# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a real libvirtd for the node devices of a simulated host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

# Without the directories of root, an ordinary user would not find the programs.
SYSTEM_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--propagation", "private")


def driver():
    return next(iter(Path("/usr/lib").glob("*/libvirt/connection-driver/libvirt_driver_nodedev.so")), None)


def require():
    """Fail if the daemon, its driver for node devices or mdevctl is missing."""
    missing = [program for program in ("libvirtd", "mdevctl") if shutil.which(program, path=SYSTEM_PATH) is None]
    if missing or driver() is None:
        pytest.fail("packages are missing: run tests/setup packages services")


def ask(tree, *definitions):
    """Return the XML of all node devices by name, and of the defined devices."""
    user = ["--map-root-user"] if os.geteuid() else []
    script = Path(__file__).with_name("node_devices.py")
    done = subprocess.run(
        [*UNSHARE, *user, "/usr/bin/python3", str(script), str(tree), *definitions],
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, "PATH": SYSTEM_PATH},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
