# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[3] / ".build"
PYTHON = BUILD / "services/bin/python"


@pytest.fixture(scope="session")
def started():
    """Start nova or Cyborg in a process that answers line by line, each once."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "PYTHONPATH"))}
    with contextlib.ExitStack() as processes:

        @functools.cache
        def start(service, version):
            command = [PYTHON, "-W", "ignore", Path(__file__).parent / "ask.py", service]
            if version:
                command.append(BUILD / "novas" / version)
            process = subprocess.Popen(command, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes.enter_context(process)
            processes.callback(process.stdin.close)
            return process

        yield start


@pytest.fixture
def ask(started):
    def ask(service, path, devices=(), nodes=None, version=None):
        """What nova or Cyborg makes of a file or directory with these PCI functions and node devices on the host."""
        process = started(service, version)
        question = {"path": str(path), "devices": list(devices), "nodes": nodes or {}}
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return ask


@pytest.fixture
def file(tmp_path):
    """A new file with a text."""

    def file(text, name="service.conf"):
        path = Path(tempfile.mkdtemp(dir=tmp_path)) / name
        path.write_text(text)
        return path

    return file
