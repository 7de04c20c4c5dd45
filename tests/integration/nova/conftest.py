# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import nova_config, resolve
from ansible_collections.vfio.devices.tests.integration.nova.nodes import node_devices, pci_functions
from ansible_collections.vfio.devices.tests.integration.placement import services

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


def answer(process, question):
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@pytest.fixture
def ask(started):
    def ask(service, path, devices=(), nodes=None, version=None):
        """Return how nova or Cyborg interprets a file or directory with the devices of the host."""
        question = {"path": str(path), "devices": list(devices), "nodes": nodes or {}}
        return answer(started(service, version), question)

    return ask


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    running = services.placement(tmp_path_factory.mktemp("placement"))
    yield services.Cloud(running.url)
    running.stop()


@pytest.fixture
def tracked(started, cloud, tmp_path):
    """Return a function that runs nova's resource tracker with settings files, see ``tracker.py``."""

    def tracked(scene, root, release, text, traits="", flavors=None, base=""):
        for name, content in (
            ("nova.conf", f"[compute]\nprovider_config_location = {tmp_path}/provider_config\n{base}"),
            ("nova.conf.d/50-vfio-devices.conf", text),
            ("provider_config/vfio-devices.yaml", traits),
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            if content:
                (tmp_path / name).write_text(content)
        question = {
            "path": "tracker",
            "tree": str(scene["tree"]),
            "devices": scene["devices"],
            "files": [str(tmp_path / "nova.conf")],
            "directories": [str(tmp_path / "nova.conf.d")],
            "placement": cloud.url,
            "root": [root, str(uuid.uuid5(uuid.NAMESPACE_DNS, root))],
            "flavors": flavors or {},
        }
        return answer(started("nova", VERSIONS[release]), question)

    return tracked


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
