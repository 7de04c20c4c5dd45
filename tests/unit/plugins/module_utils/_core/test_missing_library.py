# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import missing_library


@pytest.fixture
def python(monkeypatch):
    """Return a function that asks for the command in a Python with these prefixes and existing files."""

    def python(prefix, base_prefix, *existing):
        monkeypatch.setattr(sys, "prefix", prefix)
        monkeypatch.setattr(sys, "base_prefix", base_prefix)
        monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
        monkeypatch.setattr(missing_library.sysconfig, "get_path", lambda name: f"/usr/lib/python3.11/{name}")
        monkeypatch.setattr(missing_library.os.path, "exists", existing.__contains__)
        return missing_library.command("jmespath")

    return python


MANAGED = "/usr/lib/python3.11/stdlib/EXTERNALLY-MANAGED"


def test_pip_of_the_very_python(python):
    assert python("/srv/venv", "/usr", MANAGED, "/usr/bin/apt-get") == "/usr/bin/python3 -m pip install jmespath"
    assert python("/usr", "/usr", "/usr/bin/apt-get") == "/usr/bin/python3 -m pip install jmespath"


def test_the_package_where_pip_refuses(python):
    assert python("/usr", "/usr", MANAGED, "/usr/bin/apt-get") == "apt install python3-jmespath"
    assert python("/usr", "/usr", MANAGED, "/usr/bin/dnf") == "dnf install python3-jmespath"
    assert python("/usr", "/usr", MANAGED) == "/usr/bin/python3 -m pip install jmespath"


def test_pipx_injects(python):
    assert python("/opt/pipx/venvs/ansible-core", "/usr") == "pipx inject ansible-core jmespath"
