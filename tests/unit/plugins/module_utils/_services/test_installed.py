# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import installed
from ansible_collections.vfio.devices.plugins.module_utils._services.files import Files
from ansible_collections.vfio.devices.plugins.module_utils._services.started import Started

DEBIAN = "usr/lib/python3/dist-packages/nova-29.0.1.egg-info"
FEDORA = "usr/lib/python3.12/site-packages/nova-31.0.1-py3.12.egg-info"
VENV = "openstack/venvs/nova/lib/python3.12/site-packages/nova-34.0.0.dist-info"


@pytest.mark.parametrize(
    ("program", "files", "version"),
    [
        ("/usr/bin/nova-compute", [DEBIAN], "29.0.1"),
        ("/usr/bin/nova-compute", [FEDORA], "31.0.1"),
        ("/openstack/venvs/nova/bin/nova-compute", [DEBIAN, VENV], "34.0.0"),
        ("/usr/bin/nova-compute", [FEDORA.replace("nova-31.0.1", "nova-31.0.1.dev5")], None),
        ("/usr/bin/nova-compute", [FEDORA.replace("nova-31.0.1", "nova-31.0.0.0rc1")], None),
        ("/usr/bin/nova-compute", [], None),
        ("/usr/bin/nova-compute", [VENV], None),
        ("/usr/bin/nova-compute", [DEBIAN, FEDORA], None),
        ("/usr/bin/nova-compute", ["usr/lib/python3/dist-packages/nova_powervm-9.0.0.egg-info"], None),
        ("/usr/bin/nova-compute", ["usr/lib/python2.7/site-packages/nova-18.0.0.egg-info"], None),
        ("nova-compute", [DEBIAN], None),
    ],
)
def test_version_of_the_package(tmp_path, program, files, version):
    (tmp_path / "sys").mkdir()
    for name in files:
        (tmp_path / name).mkdir(parents=True)
    found = Started((program,), "unit", None, False, False)
    assert installed.version(Files(HostRoot(str(tmp_path)), ""), found, "nova") == version
