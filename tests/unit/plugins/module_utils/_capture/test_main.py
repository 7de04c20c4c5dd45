# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.archive import build
from ansible_collections.vfio.devices.plugins.module_utils._capture import main
from ansible_collections.vfio.devices.tests.simhost import SimHost, plain


@pytest.fixture
def tree(tmp_path):
    plain.write(SimHost("t4"), tmp_path / "host")
    return tmp_path / "host"


def test_recording_is_printed(tree, capsys):
    assert main.main(["--root", str(tree)]) == 0
    assert "[/sys/bus/pci/devices]" in capsys.readouterr().out


def test_no_host(tmp_path, capsys):
    assert main.main(["--root", str(tmp_path)]) == 1
    assert "is not the root of a host" in capsys.readouterr().err


def test_bad_timeout(capsys):
    with pytest.raises(SystemExit):
        main.main(["--timeout", "soon"])
    assert "--timeout" in capsys.readouterr().err


def test_program_runs_without_ansible(tree, tmp_path):
    program = tmp_path / "capture.pyz"
    program.write_bytes(build("_capture"))
    done = subprocess.run([sys.executable, "-I", program, "--root", tree], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("# Written by the Ansible module vfio.devices.host_recording")
