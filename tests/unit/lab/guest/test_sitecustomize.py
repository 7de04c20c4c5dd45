# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test that Ansible runs what stands in the files of a collection, although compiled files are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GUEST = Path(__file__).resolve().parents[3] / "lab/guest"
FILTER = """
from ansible_collections.some.other.plugins.plugin_utils import names

class FilterModule:
    def filters(self):
        return {"name": lambda value: names.NAME}
"""


def test_a_changed_file_of_a_collection_is_compiled_anew(tmp_path):
    plugins = tmp_path / "ansible_collections/some/other/plugins"
    for directory in ("filter", "plugin_utils"):
        (plugins / directory).mkdir(parents=True)
    (plugins / "filter/name.py").write_text(FILTER)
    environment = {
        **os.environ,
        "PYTHONPATH": str(GUEST),
        "KEPT_FROM_ZIP_FILES": str(tmp_path / "kept"),
        "KEPT_PAYLOADS": str(tmp_path / "payloads"),
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
    }
    program = Path(sys.executable).with_name("ansible")
    command = [program, "localhost", "-m", "debug", "-a", "msg={{ 1 | some.other.name }}"]
    numbers = []
    for name in ("first", "first", "second"):
        (plugins / "plugin_utils/names.py").write_text(f"NAME = {name!r}\n")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert f'"msg": "{name}"' in done.stdout, done.stdout + done.stderr
        numbers.append(len(list((tmp_path / "kept").rglob("*"))))
    assert numbers[0] == numbers[1] < numbers[2]
