# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

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
    paths = [f"{tmp_path}/a/clouds.yaml", f"{tmp_path}/a/clouds.yml", f"{tmp_path}/b/clouds.yaml"]
    assert clouds.searched_files(paths) == f"There is no clouds.yaml in {tmp_path}/a, {tmp_path}/b"
    (tmp_path / "b").mkdir()
    (tmp_path / "b/clouds.yaml").write_text("clouds: {}\n")
    assert clouds.searched_files(paths) == f"The clouds are those of {tmp_path}/b/clouds.yaml"
    other = tmp_path / "other.yaml"
    other.write_text("clouds: {}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(other))
    assert clouds.searched_files(paths) == f"The clouds are those of {other}"


def test_the_clouds_of_the_file_are_named():
    names = [f"cloud{number}" for number in range(10)]
    assert clouds.names(SimpleNamespace(get_cloud_names=lambda: ["envvars", "a"])) == ", which has a"
    assert clouds.names(SimpleNamespace(get_cloud_names=lambda: names)).endswith("cloud7 and 2 more")
    assert clouds.names(SimpleNamespace(get_cloud_names=lambda: ["defaults"])) == ""
