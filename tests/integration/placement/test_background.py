# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request

import pytest


def test_it_survives_the_end_of_the_group_that_has_started_it(tmp_path):
    command = [sys.executable, "-m", "tests.integration.placement"]
    starter = subprocess.Popen([*command, "start", str(tmp_path)], start_new_session=True)
    assert starter.wait(120) == 0
    try:
        with pytest.raises(ProcessLookupError):
            os.killpg(starter.pid, signal.SIGTERM)
        with urllib.request.urlopen((tmp_path / "url").read_text(), timeout=30) as answer:
            assert answer.status == 200
    finally:
        subprocess.run([*command, "stop", str(tmp_path)], check=True, timeout=120)
