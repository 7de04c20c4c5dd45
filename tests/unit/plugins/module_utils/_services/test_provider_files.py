# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import provider_files
from ansible_collections.vfio.devices.plugins.module_utils._services.files import Files

OWN = "[compute]\nprovider_config_location = /srv/providers/\n"


def text(path):
    return f"meta: {{schema_version: '1.0'}}  # {path}"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "sys").mkdir()
    for directory in ("etc/nova/provider_config", "srv/providers"):
        (tmp_path / directory).mkdir(parents=True)
        for name in ("b.yaml", "a.yaml", ".c.yaml", "d.yml"):
            (tmp_path / directory / name).write_text(text(f"{directory}/{name}"))
    return Files(HostRoot(str(tmp_path)), "")


@pytest.mark.parametrize(
    ("texts", "directory"),
    [
        ({}, "etc/nova/provider_config"),
        ({"/1": "[compute]\nprovider_config_location = /x\n", "/2": OWN}, "srv/providers"),
    ],
)
def test_files_in_the_directory_of_the_last_settings_file(files, texts, directory):
    found = provider_files.observe(files, list(texts), texts)
    assert found.directory == f"/{directory}"
    assert found.files == [
        {"file": f"/{directory}/{name}", "text": text(f"{directory}/{name}")} for name in ("a.yaml", "b.yaml")
    ]


def test_a_file_that_cannot_be_read(files, tmp_path):
    (tmp_path / "etc/nova/provider_config/link.yaml").symlink_to("/missing")
    found = provider_files.observe(files, [], {})
    assert found.files[-1] == {"file": "/etc/nova/provider_config/link.yaml", "text": None}


def test_a_copy_in_a_container(files, tmp_path):
    source = "etc/kolla/nova-compute/a.yaml"
    (tmp_path / source).parent.mkdir(parents=True)
    (tmp_path / source).write_text(text(source))
    contained = files._replace(top=None, deployed={"/etc/nova/provider_config/p.yaml": source})
    found = provider_files.observe(contained, [], {})
    assert found.files == [{"file": f"/{source}", "text": text(source)}]


def test_a_file_of_another_kind_may_contain_passwords(files, tmp_path):
    (tmp_path / "etc/nova/provider_config/a.yaml").write_text("[DEFAULT]\ntransport_url = rabbit://nova:hush@mq\n")
    assert provider_files.observe(files, [], {}).files[0]["text"] == ""
