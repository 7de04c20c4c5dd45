# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the execution environment of the example with ansible-builder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
import yaml
from ansible_collections.vfio.devices.tests import release
from ansible_collections.vfio.devices.tests.integration.awx.templates import ROOT


def build(*arguments):
    return subprocess.run(["ansible-builder", *arguments], check=True, capture_output=True, text=True).stdout


def test_the_requirements_of_the_collection_are_found():
    found = yaml.safe_load(build("introspect", os.environ["ANSIBLE_COLLECTIONS_PATH"]))
    lines = (ROOT / "meta/ee-requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert [line.partition("  #")[0] for line in found["python"]] == wanted
    assert found["system"] == []


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """Return the build context of the example, with an archive of this checkout."""
    place = tmp_path_factory.mktemp("ee")
    definition = shutil.copytree(ROOT / "extensions/ee", place / "ee", ignore=shutil.ignore_patterns("*.tar.gz"))
    release.build(definition)
    made = ("-f", str(definition / "execution-environment.yml"), "-c", str(place / "context"))
    build("create", *made, "--output-filename", "Containerfile")
    return place / "context"


def test_every_copied_file_is_in_the_context(context):
    instructions = (context / "Containerfile").read_text().splitlines()
    copied = [line.split()[1] for line in instructions if line.startswith("COPY ") and "--from=" not in line]
    # Relative to /build, which contains the content of _build.
    missing = [name for name in copied if not ((context / name).exists() or (context / "_build" / name).exists())]
    assert (len(copied) > 5, missing) == (True, [])


def test_the_context_has_a_base_and_what_it_needs(context):
    assert 'ARG EE_BASE_IMAGE="quay.io/fedora/fedora:' in (context / "Containerfile").read_text()
    assert "openssh-clients" in (context / "_build/bindep.txt").read_text()
    assert "--hash=sha256:" in (context / "_build/lock/requirements.txt").read_text()


def test_the_collection_is_installed_from_the_context(context, tmp_path):
    """Run the command of the Containerfile in /build without downloads."""
    (line,) = [one for one in (context / "Containerfile").read_text().splitlines() if "collection install" in one]
    assert "-r requirements.yml" in line
    command = ["ansible-galaxy", "collection", "install", "--offline", "-r", "requirements.yml", "-p", str(tmp_path)]
    variables = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    # This path contains the checkout, which would count as installed.
    del variables["PYTHONPATH"]
    subprocess.run(command, cwd=context / "_build", check=True, capture_output=True, env=variables)
    manifest = json.loads((tmp_path / "ansible_collections/vfio/devices/MANIFEST.json").read_text())
    assert manifest["collection_info"]["version"] == release.galaxy()["version"]
    assert (tmp_path / "ansible_collections/vfio/devices/plugins/modules/mdev_facts.py").exists()


def test_the_image_is_built_and_tried(tmp_path):
    """Use a fake Podman, because the tests have no container engine."""
    engine, calls = tmp_path / "podman", tmp_path / "calls"
    engine.write_text(f'#!/bin/sh\necho "$@" >>{calls}\n')
    engine.chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "tests/ee"], check=False, capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    built, *ran = calls.read_text().splitlines()
    assert built.startswith("build -f ") and built.endswith("/context") and " -t vfio-ee:test " in built
    assert [line.split()[:5] for line in ran] == [
        ["run", "--rm", "vfio-ee:test", program, argument]
        for program, argument in (
            ("python3", "-c"),
            ("ansible-doc", "vfio.devices.mdev_facts"),
            ("ansible-playbook", "-i"),
        )
    ]
