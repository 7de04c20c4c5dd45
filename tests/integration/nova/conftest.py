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
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import nova_config, resolve
from ansible_collections.vfio.devices.tests.integration.nova.nodes import node_devices, pci_functions

BUILD = Path(__file__).resolve().parents[3] / ".build"
PYTHON = BUILD / "services/bin/python"
VERSIONS = {21: "21.2.4", 24: "24.2.1", 26: "26.3.0", 28: "28.3.0", 29: "29.2.0", 31: "31.0.0", 33: "33.0.0", 34: None}


@pytest.fixture(scope="session")
def started():
    """Return a function that starts nova or Cyborg in a process that answers line by line, once each."""
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
        """Return a function that asks nova or Cyborg about a file or directory, with devices of the host."""
        process = started(service, version)
        question = {"path": str(path), "devices": list(devices), "nodes": nodes or {}}
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    return ask


@pytest.fixture
def file(tmp_path):
    """Return a function that creates a file with a text."""

    def file(text, name="service.conf"):
        path = Path(tempfile.mkdtemp(dir=tmp_path)) / name
        path.write_text(text)
        return path

    return file


@pytest.fixture
def nova(ask, file):
    """Return how a nova release interprets profiles on a host, or the errors of the filters."""

    def nova(profiles, facts, release=34, with_parent=True, named=None, **options):
        try:
            plan = resolve.resolve(profiles, facts)
            text = nova_config.nova_config(plan, named or release, **options)
        except AnsibleFilterError as error:
            return {"refused": str(error)}
        nodes = node_devices(facts, with_parent)
        found = ask("nova", file(text), pci_functions(facts), nodes, version=VERSIONS[release])
        assert not found.get("error", "").startswith(("Attr", "Type", "Name")), found
        return found

    return nova
