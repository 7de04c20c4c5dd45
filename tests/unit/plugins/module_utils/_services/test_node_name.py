# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import node_name

HOSTS = """127.0.0.1 localhost
# 10.0.0.9 gpu1.old.org gpu1
10.0.0.1\tgpu1.example.org gpu1 # mine
::1 gpu1.other.org gpu1
"""
LOCAL = "127.0.0.1 localhost.localdomain localhost gpu1\n"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, None),
        ({"etc/hosts": HOSTS}, None),
        ({"hostname": "gpu1.example.com", "etc/hosts": HOSTS}, "gpu1.example.com"),
        ({"hostname": "localhost", "etc/hosts": HOSTS}, "localhost"),
        ({"hostname": "gpu1", "etc/hosts": HOSTS}, "gpu1.example.org"),
        ({"hostname": "gpu1", "etc/hosts": HOSTS, "etc/nsswitch.conf": "hosts: files dns\n"}, "gpu1.example.org"),
        ({"hostname": "gpu1", "etc/hosts": LOCAL}, "gpu1"),
        ({"hostname": "gpu1", "etc/hosts": "10.0.0.1 gpu1\n"}, "gpu1"),
        # Only a name server may have a domain.
        ({"hostname": "gpu1"}, None),
        ({"hostname": "gpu2", "etc/hosts": HOSTS}, None),
        ({"hostname": "gpu1", "etc/hosts": HOSTS, "etc/nsswitch.conf": "hosts: dns files # order\n"}, None),
    ],
)
def test_name_of_the_compute_node(tmp_path, files, name):
    (tmp_path / "sys").mkdir()
    for path, text in files.items():
        file = tmp_path / {"hostname": "proc/sys/kernel/hostname"}.get(path, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    host = HostRoot(str(tmp_path))
    assert node_name.observe(host) == {"host_name": files.get("hostname"), "node_name": name}
