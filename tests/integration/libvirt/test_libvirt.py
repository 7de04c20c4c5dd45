# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine asks the real libvirt-python, with the Python that the distribution's package is for, as on a host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = "/usr/bin/python3"


def has_libvirt():
    return subprocess.run([PYTHON, "-c", "import libvirt"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def libvirt_python():
    if not has_libvirt():
        if os.geteuid():
            pytest.fail("python3-libvirt is missing: run sudo apt-get install -y python3-libvirt")
        subprocess.run(["apt-get", "install", "-y", "-qq", "python3-libvirt"], check=True, capture_output=True)
    assert has_libvirt()


def test_devices_of_running_and_defined_domains(libvirt_python):
    done = subprocess.run(
        [PYTHON, str(Path(__file__).parent / "ask.py")],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": next(path for path in sys.path if path.endswith(".build/collections"))},
    )
    running, defined = {"name": "web1", "running": True}, {"name": "spare", "running": False}
    assert json.loads(done.stdout) == {
        "c2177883-f1bb-47f0-914d-32a22e3a8804": [running],
        "0000:3b:00.4": [running],
        "0000:af:10.4": [running],
        "c2177883-f1bb-47f0-914d-32a22e3a8805": [defined],
        "0000:3b:00.5": [defined],
        "0000:af:10.5": [defined],
    }
