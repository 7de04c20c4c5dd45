# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
from types import SimpleNamespace

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import clouds

LOADER = SimpleNamespace(CONFIG_FILES=["/etc/openstack/clouds.yaml"], SECURE_FILES=["/etc/openstack/secure.yaml"])


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv(clouds.DIRECTORIES, "/srv/play:/inventory")
    for name in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_cloud_by_name_is_looked_for_in_more_directories():
    found = clouds.files({"cloud": "fleet"}, LOADER)
    assert found["config_files"][0] == "/srv/play/clouds.yaml"
    assert found["config_files"][3] == "/inventory/clouds.yaml"
    assert found["config_files"][-1] == "/etc/openstack/clouds.yaml"
    assert found["secure_files"][0] == "/srv/play/secure.yaml"


@pytest.mark.parametrize("options", [{}, {"auth": {"token": "a"}}, {"cloud": {"auth": {}}}])
def test_the_only_cloud_of_another_file_is_not_taken(options):
    assert clouds.files(options, LOADER)["config_files"] == LOADER.CONFIG_FILES


def test_a_cloud_of_the_environment_has_a_name_too(monkeypatch):
    monkeypatch.setenv("OS_CLOUD", "fleet")
    assert "/srv/play/clouds.yaml" in clouds.files({}, LOADER)["config_files"]
    assert clouds.files({"auth": {"token": "a"}}, LOADER)["config_files"] == LOADER.CONFIG_FILES


def test_it_is_said_which_file_was_read_or_where_none_was(tmp_path, monkeypatch):
    paths = [f"{tmp_path}/a/clouds.yaml", f"{tmp_path}/a/clouds.json", f"{tmp_path}/b/clouds.yaml"]
    assert clouds.describe(paths) == f"There is no clouds.yaml in {tmp_path}/a, {tmp_path}/b"
    (tmp_path / "b").mkdir()
    (tmp_path / "b/clouds.yaml").write_text("clouds: {}\n")
    assert clouds.describe(paths) == f"{tmp_path}/b/clouds.yaml has no clouds"
    (tmp_path / "a").mkdir()
    (tmp_path / "a/clouds.json").write_text("{")
    ignored = f"{tmp_path}/a/clouds.json is not valid JSON (line 1)"
    assert clouds.describe(paths) == f"{ignored}. {tmp_path}/b/clouds.yaml has no clouds"
    other = tmp_path / "other.yaml"
    other.write_text("clouds: {fleet: {}}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(other))
    assert clouds.describe(paths) == f"{other} has the cloud fleet"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (json.dumps({"clouds": {f"cloud{number}": {} for number in range(10)}}), "has the clouds cloud0, cloud1, "),
        ("[]", "has no clouds"),
        ("", "has no clouds"),
        ("clouds: [a]", "has no clouds"),
        ("clouds: {a\n", "is not valid YAML (line 2)"),
        ("[" * 9999, "is not valid YAML"),
        ("\udcff", "is not valid YAML"),
        (None, "is not a regular file"),
    ],
)
def test_the_clouds_of_the_file_are_named(tmp_path, content, sentence):
    path = tmp_path / "clouds.yaml"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content, errors="surrogateescape")
    assert clouds.describe([str(path)]).startswith(f"{path} {sentence}")
    assert "and 2 more" in clouds.describe([str(path)]) or "cloud0" not in sentence


def test_a_file_that_nobody_may_read(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path = tmp_path / "clouds.yaml"
    path.touch()
    monkeypatch.setattr(clouds.Path, "read_bytes", refuse)
    assert clouds.describe([str(path)]) == f"{path} is not readable (Permission denied)"


def test_a_file_that_is_not_read_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setenv(clouds.DIRECTORIES, str(tmp_path))
    assert clouds.unnamed({}) == ""
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds: {}\n")
    assert clouds.unnamed({}) == ""
    path.write_text("clouds: {fleet: {}, lab: {}}\n")
    assert clouds.unnamed({}) == f"{path} is read only for a named cloud. Set placement_cloud: fleet"
    assert clouds.unnamed({"cloud": "fleet"}) == ""
    assert clouds.unnamed({"cloud": {"auth": {}}}) == ""
    assert clouds.unnamed({"auth": {"token": "a"}}) == ""
