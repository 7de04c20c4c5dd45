# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that all downloads are pinned: packages by file hashes, actions by commit, images and releases by version."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from ansible_collections.vfio.devices.tests import compat, lock
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = re.compile(
    r"(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)
NEWEST = "3.14"
# Files that install programs from prebuilt packages.
INSTALLERS = ("tests/setup", "tests/compat.py", "extensions/ee/execution-environment.yml")


def lines(path):
    """Return the lines of a requirements file without comments, with continued lines joined."""
    text = (lock.ROOT / path).read_text().replace("\\\n", "")
    return [" ".join(line.split()) for line in text.splitlines() if line and not line.startswith("#")]


def wanted(requirements):
    """Yield the requirements that a lock has to satisfy, including those of included files."""
    for line in requirements:
        if line.startswith("-r "):
            path = line.removeprefix("-r ")
            yield from wanted(
                included if not included.startswith("-r ") else f"-r {path.rpartition('/')[0]}/{included[3:]}"
                for included in lines(path)
            )
        else:
            yield Requirement(line)


def versions(path, python):
    """Map each package to its version in the lock for a Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    found = [PINNED.fullmatch(line) for line in lines(path)]
    return {
        canonicalize_name(one["name"]): one["version"]
        for one in found
        if one and (not one["marker"] or Marker(one["marker"]).evaluate(environment))
    }


@pytest.mark.parametrize("path", lock.LOCKS)
def test_a_lock_has_versions_and_hashes_and_nothing_else(path):
    assert [line for line in lines(path) if not PINNED.fullmatch(line)] == []
    assert lines(path)


@pytest.mark.parametrize("path", lock.LOCKS)
def test_a_lock_has_what_is_wanted_of_it(path):
    for python in (lock.LOCKS[path].python, NEWEST):
        found = versions(path, python)
        missing = [
            str(one)
            for one in wanted(lock.LOCKS[path].requirements)
            if not one.specifier.contains(found.get(canonicalize_name(one.name), "0"), prereleases=True)
        ]
        assert missing == []


def test_every_list_of_requirements_has_a_lock_and_every_lock_is_renewed():
    files = {path.relative_to(lock.ROOT).as_posix() for path in lock.ROOT.glob("tests/requirements*.txt")}
    included = {line.removeprefix("-r ") for one in lock.LOCKS.values() for line in one.requirements}
    assert files <= included
    assert {path.relative_to(lock.ROOT).as_posix() for path in lock.ROOT.glob("tests/locks/*")} <= set(lock.LOCKS)


def test_the_demo_shares_its_environment_with_the_tests():
    assert versions("tests/locks/demo.txt", "3.10").items() <= versions("tests/locks/test.txt", "3.10").items()
    assert versions("tests/locks/demo.txt", NEWEST).items() <= versions("tests/locks/test.txt", NEWEST).items()


@pytest.mark.parametrize("path", INSTALLERS)
def test_packages_are_installed_by_hash_and_not_built(path):
    text = (lock.ROOT / path).read_text()
    assert text.count('"install"') + text.count("pip install") == text.count("--require-hashes") == 1
    assert "--only-binary" in text


def workflows():
    paths = sorted((lock.ROOT / ".github/workflows").glob("*"))
    return {path.stem: yaml.safe_load(path.read_text()) for path in paths}


WORKFLOWS = workflows()
JOBS = [(workflow, job) for workflow in WORKFLOWS for job in WORKFLOWS[workflow]["jobs"]]
PAGES = {"pages": "write", "id-token": "write"}
# Permissions of a job beyond reading the repository.
MAY = {
    ("docs", "publish"): PAGES,
    ("release", "provenance"): {"id-token": "write", "attestations": "write"},
    ("release", "release"): {"contents": "write"},
    ("release", "galaxy"): {"contents": "read", "attestations": "read"},
    ("release", "documentation"): {"contents": "read", **PAGES},
}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_read_and_no_more(workflow):
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_a_job_may_do_what_it_needs_and_no_more(workflow, name):
    job = WORKFLOWS[workflow]["jobs"][name]
    assert job.get("permissions") == MAY.get((workflow, name))
    if "steps" in job:
        assert "latest" not in job["runs-on"]
        assert job["timeout-minutes"]
    else:
        assert re.fullmatch(r"\./\.github/workflows/[a-z]+\.yml", job["uses"])


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_actions_are_pinned_by_commit_and_keep_no_credentials(workflow, name):
    for step in WORKFLOWS[workflow]["jobs"][name].get("steps", ()):
        action, dummy, commit = step.get("uses", "").partition("@")
        assert not action or re.fullmatch("[0-9a-f]{40}", commit), step["uses"]
        assert action != "actions/checkout" or step["with"]["persist-credentials"] is False


def test_every_core_and_python_has_a_job(monkeypatch):
    monkeypatch.setattr(compat, "find_python", lambda version: version)
    job = WORKFLOWS["tests"]["jobs"]["versions"]
    assert job["strategy"]["matrix"]["name"] == compat.names(every=True)
    (pythons,) = [step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert tuple(pythons.split()) == compat.PYTHONS


def test_nothing_is_published_before_it_is_tested_and_signed():
    jobs = WORKFLOWS["release"]["jobs"]
    order = ["archive", "tests", "provenance", "release", "galaxy"]
    assert [jobs[name]["needs"] for name in order[1:]] == order[:-1]
    assert jobs["documentation"]["needs"] == "release"
    # GitHub asks a maintainer before it starts a job with an environment, and gives its secrets to no other job.
    assert [name for name in jobs if "environment" in jobs[name]] == ["release", "galaxy"]
    assert [name for name in jobs if "secrets." in yaml.safe_dump(jobs[name])] == ["galaxy"]


def release():
    return yaml.safe_load((lock.ROOT / "galaxy.yml").read_text())["version"]


def test_awx_takes_its_playbooks_from_a_release():
    (play,) = yaml.safe_load((lock.ROOT / "extensions/awx/apply.yml").read_text())
    assert play["vars"]["awx_scm_branch"] == release()


def test_the_execution_environment_is_made_of_fixed_parts():
    definition = yaml.safe_load((lock.ROOT / "extensions/ee/execution-environment.yml").read_text())
    assert re.search(r":\d+$|@sha256:[0-9a-f]{64}$", definition["images"]["base_image"]["name"])
    assert "python" not in definition["dependencies"]
    archive = f"vfio-devices-{release()}.tar.gz"
    assert definition["dependencies"]["galaxy"]["collections"] == [{"name": f"collection/{archive}", "type": "file"}]
    assert {"src": archive, "dest": "collection"} in definition["additional_build_files"]
    # Without the exclusion, the newest version of each requirement of a collection would be downloaded.
    asked = {one.name for one in wanted(["-r meta/ee-requirements.txt"])}
    assert asked == set(definition["dependencies"]["exclude"]["python"])


def test_renovate_finds_the_base_image():
    (manager,) = json.loads((lock.ROOT / ".github/renovate.json").read_text())["customManagers"]
    (place,), (pattern,) = manager["managerFilePatterns"], manager["matchStrings"]
    path = "extensions/ee/execution-environment.yml"
    text = (lock.ROOT / path).read_text()
    assert re.search(place.strip("/"), path)
    found = re.search(pattern.replace("(?<", "(?P<"), text)
    image = yaml.safe_load(text)["images"]["base_image"]["name"]
    assert f"{found['depName']}:{found['currentValue']}" == image
