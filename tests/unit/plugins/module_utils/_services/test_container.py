# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services.files import Files

TOP = "proc/7/root/"
MOUNTED = "etc/kolla/nova-compute"
DIRECTORY = "/etc/nova/provider_config"
PATH = f"{DIRECTORY}/x.yaml"
INSIDE = "/var/lib/kolla/config_files"


@pytest.fixture
def tree(tmp_path):
    """Return a function that creates files and links, and returns the files of the container."""

    def create(entries, top=TOP, deployed=()):
        (tmp_path / "sys").mkdir()
        # If a link is followed below the root of the host, this file is found.
        for path, text in {f"{tmp_path}/secret.yaml": "of the host", **entries}.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("-> "):
                place.symlink_to(text[3:].replace("HOST", str(tmp_path)))
            else:
                place.write_text(text)
        return Files(HostRoot(str(tmp_path)), top, {path: f"{MOUNTED}/{name}" for path, name in dict(deployed).items()})

    return create


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({f"{TOP}etc/nova/provider_config/x.yaml": "its own"}, "its own"),
        ({f"{TOP}etc/nova/provider_config/x.yaml": "-> HOST/secret.yaml"}, None),
        ({f"{TOP}etc/nova/provider_config/x.yaml": "-> /opt/y", f"{TOP}opt/y": "its own"}, "its own"),
        ({f"{TOP}etc/nova/provider_config/x.yaml": "-> ../../../../opt/y", f"{TOP}opt/y": "its own"}, "its own"),
        ({f"{TOP}etc/nova": "-> /srv/nova", f"{TOP}srv/nova/provider_config/x.yaml": "its own"}, "its own"),
        ({f"{TOP}etc/nova/provider_config/x.yaml": f"-> {PATH}"}, None),
    ],
)
def test_a_file_in_a_running_container(tree, entries, text):
    files = tree(entries)
    assert (files.names(DIRECTORY), files.read(PATH)) == (["x.yaml"], text)


@pytest.mark.parametrize(
    ("entries", "top", "text"),
    [
        ({f"{MOUNTED}/x.yaml": "deployed"}, None, "deployed"),
        ({f"{MOUNTED}/x.yaml": "-> HOST/secret.yaml"}, None, None),
        ({f"{MOUNTED}/x.yaml": "-> HOST/secret.yaml"}, TOP, None),
        ({f"{MOUNTED}/x.yaml": "-> a/y", f"{MOUNTED}/a/y": "deployed"}, None, "deployed"),
        ({f"{MOUNTED}/x.yaml": f"-> {INSIDE}/y", f"{MOUNTED}/y": "deployed"}, None, "deployed"),
        ({f"{MOUNTED}/x.yaml": "-> /opt/y", f"{TOP}opt/y": "of the image"}, TOP, "of the image"),
        ({f"{MOUNTED}/x.yaml": "-> ../../../secret.yaml"}, None, None),
    ],
)
def test_a_file_that_kolla_has_deployed(tree, entries, top, text):
    files = tree(entries, top, {PATH: "x.yaml"})
    assert (files.names(DIRECTORY), files.read(PATH)) == (["x.yaml"], text)
    assert files.shown(PATH) == f"/{MOUNTED}/x.yaml"
