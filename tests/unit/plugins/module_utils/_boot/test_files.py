# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive, files

FILES = {path: text for path, text in files.files("/usr/bin/python3", 60.0, b"").items() if path != files.PROGRAM}


@pytest.fixture
def units():
    parsed = {}
    for path in (files.UNIT, files.UNIT_OF_CARD):
        parsed[path] = configparser.ConfigParser(interpolation=None)
        parsed[path].optionxform = str
        parsed[path].read_string(FILES[path].decode())
    return parsed


def test_guests_and_clouds_come_afterwards(units):
    unit = units[files.UNIT]
    before = unit["Unit"]["Before"].split()
    assert {"libvirtd.service", "virtqemud.service", "nova-compute.service", "openstack-nova-compute.service"} <= set(
        before
    )
    engines = {"docker.service", "containerd.service", "podman-restart.service", "lxc.service", "kubelet.service"}
    assert engines <= set(before)
    assert not set(before) & set(unit["Unit"]["After"].split())
    assert unit["Install"]["WantedBy"] in files.ENABLED
    assert files.links() == {files.ENABLED: f"/{files.UNIT}"}


def test_units_run_the_program(units):
    for path, arguments in ((files.UNIT, " --boot"), (files.UNIT_OF_CARD, " --card %i")):
        service = units[path]["Service"]
        assert service["ExecStart"] == f'"/usr/bin/python3" -I -B /{files.PROGRAM} --timeout 60{arguments}'
        assert service["TimeoutStartSec"] == "600"
        assert service["KillMode"] == "process"
    after = units[files.UNIT_OF_CARD]["Unit"]["After"].split()
    assert after[0] == files.UNIT.rpartition("/")[2]


KINDS = ("sriov_pf_mode", "mig_layout", "mdev_instance")


def test_rule_starts_the_unit_of_a_recorded_card():
    lines = FILES[files.RULE].decode().splitlines()
    start = 'RUN+="/usr/bin/systemctl --no-block start vfio-devices-restore@$kernel.service"'
    assert lines[0].startswith("#")
    assert all(line.endswith(start) for line in lines[1:])
    assert [line.count('ENV{DRIVER}!="*vfio*"') for line in lines[1:]] == [1, 1, 1, 0]
    kinds = [kind for line in lines for kind in KINDS if f"/{kind}/$kernel.json" in line]
    assert kinds == [*KINDS, "mdev_instance"]


def middle_of(data, fill):
    start = len(data) // 2
    return data[:start] + fill * 4096 + data[start + 4096 :]


DAMAGES = {
    "none": lambda data: data,
    "missing": lambda data: None,
    "empty": lambda data: b"",
    "one byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "without its last page": lambda data: data[:-4096],
    "without its last byte": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "zeros at its beginning": lambda data: bytes(4096) + data[4096:],
    "zeros in the middle": lambda data: middle_of(data, bytes(1)),
    "zeros at its end": lambda data: data[:-4096] + bytes(4096),
    "another byte in the middle": lambda data: middle_of(data, b"x"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_program_does_not_end_with_success(units, tmp_path, damage):
    words = shlex.split(units[files.UNIT]["Service"]["ExecStartPre"].replace("%%", "%"))
    assert words[-1] == f"/{files.PROGRAM}"
    program = tmp_path / "restore.pyz"
    content = DAMAGES[damage](archive.build())
    if content is not None:
        program.write_bytes(content)
    ended = subprocess.run(
        [sys.executable, *words[1:-1], program], capture_output=True, text=True, check=False, env={"PATH": ""}
    )
    if damage == "none":
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        return
    assert ended.returncode == 1
    assert f"{program} is missing or damaged" in ended.stderr or "BadZipFile" in ended.stderr
    assert os.path.exists(program) is (damage != "missing")


def test_what_systemd_would_take_for_its_own_is_not_in_the_check():
    assert not set(files.CHECK) & set('"\\%$')


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_understands_the_units(tmp_path):
    for path in (files.UNIT, files.UNIT_OF_CARD):
        unit = tmp_path / path.rpartition("/")[2]
        unit.write_bytes(FILES[path])
        ended = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
