# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-builder makes of the collection and of the example."""

from __future__ import annotations

import os
import subprocess

import yaml
from ansible_collections.vfio.devices.tests.integration.awx.templates import ROOT


def build(*arguments):
    return subprocess.run(["ansible-builder", *arguments], check=True, capture_output=True, text=True).stdout


def test_the_requirements_of_the_collection_are_found():
    found = yaml.safe_load(build("introspect", os.environ["ANSIBLE_COLLECTIONS_PATH"]))
    lines = (ROOT / "meta/ee-requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert [line.partition("  #")[0] for line in found["python"]] == wanted
    assert found["system"] == []


def test_the_example_is_taken(tmp_path):
    definition = ROOT / "extensions/ee/execution-environment.yml"
    build("create", "-f", str(definition), "-c", str(tmp_path), "--output-filename", "Containerfile")
    lines = (tmp_path / "Containerfile").read_text().splitlines()
    fetch = next(number for number, line in enumerate(lines) if "ansible-galaxy collection install" in line)
    assert any("git-core" in line for line in lines[:fetch])
    (collection,) = yaml.safe_load((tmp_path / "_build/requirements.yml").read_text())["collections"]
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert collection["name"] == f"{galaxy['repository']}.git"
    assert "openssh-clients" in (tmp_path / "_build/bindep.txt").read_text()
