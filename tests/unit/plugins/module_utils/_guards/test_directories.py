# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import directories
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot


@pytest.mark.parametrize(
    ("directory", "found"),
    [
        ("etc/a", ["etc/a"]),
        ("etc/*", ["etc/a", "etc/b"]),
        ("etc/*/below/it", ["etc/a/below/it", "etc/b/below/it"]),
        ("var/*", []),
    ],
)
def test_any_name(tmp_path, directory, found):
    for name in ("sys", "etc/a", "etc/b"):
        (tmp_path / name).mkdir(parents=True)
    assert directories.expanded(HostRoot(str(tmp_path)), directory) == found
