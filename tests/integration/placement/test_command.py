# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the command that starts a Placement in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.integration.placement import __main__ as command
from ansible_collections.vfio.devices.tests.integration.placement import services


def test_start_again_and_stop(tmp_path: Path) -> None:
    first = command.start(tmp_path, ["node1"])
    second = command.start(tmp_path, ["node1", "node2"])
    cloud = services.Cloud(second)
    assert [cloud.get(node, "traits") for node in ("node1", "node2")] == [["COMPUTE_NODE", "OWNER_NOVA"]] * 2
    command.stop(tmp_path)
    command.stop(tmp_path)
    for url in (first, second):
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=5)


def test_a_process_of_another_that_has_the_number_now_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "placement.pid").write_text("1 65000")
    command.stop(tmp_path)
    assert not (tmp_path / "placement.pid").exists()


def test_it_survives_the_end_of_the_group_that_has_started_it(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "tests.integration.placement", "start", str(tmp_path)]
    starter = subprocess.Popen(arguments, start_new_session=True)
    assert starter.wait(120) == 0
    try:
        with pytest.raises(ProcessLookupError):
            os.killpg(starter.pid, signal.SIGTERM)
        with urllib.request.urlopen((tmp_path / "url").read_text(), timeout=30) as answer:
            assert answer.status == 200
    finally:
        command.stop(tmp_path)
