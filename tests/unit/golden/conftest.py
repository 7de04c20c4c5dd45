# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Golden files: recorded output of the collection, compared character by character.

Each test computes one value and compares it with its file below ``data``. A difference is printed as a unified diff.
After an intended change of behaviour, renew the files, review their difference, and commit both together::

    pytest tests/unit/golden --golden-renew
    git diff tests/unit/golden/data

``tables`` contains the test cases. The tests call the code like Ansible: filters by name, modules by ``main()``.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import permission_errors
from ansible_collections.vfio.devices.tests.layout import pretty
from ansible_collections.vfio.devices.tests.unit.golden.play import Play

DATA = Path(__file__).with_name("data")
WIDTH = 160
# The size and the hash depend on the source code of the engine.
PROGRAM = re.compile(r"\d+ bytes, SHA-256 [0-9a-f]{64}")


def pytest_addoption(parser):
    parser.addoption("--golden-renew", action="store_true", help="write the golden files anew instead of comparing")


@pytest.fixture
def golden(request):
    """Compare a value with a golden file, or write the file: ``golden("facts/t4", value)``."""

    def compare(name, value):
        path = DATA / f"{name}.json"
        text = PROGRAM.sub("<number> bytes, SHA-256 <sum>", pretty(json.loads(json.dumps(value)), WIDTH)) + "\n"
        if request.config.getoption("--golden-renew", default=False):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.is_file(), f"there is no {path}: run pytest with --golden-renew"
        lines = (path.read_text(encoding="utf-8").splitlines(), text.splitlines())
        difference = "\n".join(difflib.unified_diff(*lines, f"{name}.json", "now", lineterm=""))
        if difference:
            pytest.fail(f"behaviour is not what it was:\n{difference}", pytrace=False)

    return compare


@pytest.fixture
def play(run_module, simulated, monkeypatch):
    """Run modules on hosts, and filters. The remedy of a denial is that of root, whoever runs the tests."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(permission_errors, "os", SimpleNamespace(geteuid=lambda: 0))
    for variable in [name for name in os.environ if name.startswith(("VFIO_DEVICES_", "SSH_CONNECTION"))]:
        monkeypatch.delenv(variable)
    return Play(run_module, simulated, monkeypatch)
