# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import managers as _sriov_owners


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("etc/systemd/network/10-a.link", "[Match]\nDriver=ice\n[Link]\nSR-IOVVirtualFunctions=4\n", True),
        ("etc/systemd/network/10-a.network", "[Match]\nName=eth0\n[SR-IOV]\nVirtualFunction=0\n", True),
        ("etc/systemd/network/10-a.network", "[Match]\nName=eth0\n", False),
        ("etc/systemd/network/README", "[SR-IOV]\n", False),
        ("etc/NetworkManager/system-connections/a.nmconnection", "[sriov]\ntotal-vfs=4\n", True),
        ("etc/NetworkManager/system-connections/a.nmconnection", "[ethernet]\n", False),
        ("etc/netplan/50.yaml", "network:\n  ethernets:\n    eno1:\n      virtual-function-count: 16\n", True),
    ],
)
def test_files_of_other_managers(simulated, path, text, named):
    sentences = _sriov_owners.observe(simulated("nics", files={path: text}).root())
    assert [sentence for sentence in sentences if path in sentence] == sentences
    assert bool(sentences) is named


def test_they_are_only_warned_of(switch):
    run = switch("nics", files={"etc/netplan/50.yaml": "      virtual-function-count: 16\n"})
    result = run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2"})
    assert result["changed"]
    assert "etc/netplan/50.yaml has virtual-function-count" in result["warnings"][0]
