# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import environment_files


@pytest.mark.parametrize(
    ("place", "file", "guest"),
    [
        ("/etc/vms/%i", "etc/vms/web1", "web1"),
        ("-/etc/vms/%I.env", "etc/vms/web1.env", "web1"),
        ("/etc/vms/%i/env", "etc/vms/web1/env", "web1"),
        ("/etc/vms/%p-%i.conf", "etc/vms/qemu-web1.conf", "qemu-web1.conf"),
        ("/etc/%p/%i/*.conf", "etc/qemu/web1/gpu.conf", "web1"),
        ("/etc/vms/web?/[a-g]*.conf", "etc/vms/web1/gpu.conf", "qemu@"),
        ("/etc/vm/*.conf", "etc/vm/web1.conf", "qemu@"),
        ("/etc/vm/100%%.conf", "etc/vm/100%.conf", "qemu@"),
        ("/etc/vm/web1.conf", "etc/vm/web1.conf", "qemu@"),
        ("/etc/vm/*.conf", "etc/vm/web1.old", None),
        ("/etc/*/web1", "etc/vm/other/web1", None),
        ("%h/web1", "root/web1", None),
    ],
)
def test_places_with_specifiers_and_patterns(simulated, place, file, guest):
    host = simulated("empty", files={file: ""})
    unit = f"[Service]\nEnvironmentFile={place}\n"
    found = [one for one in environment_files.of_unit(host.root(), unit, "qemu@") if host.root().exists(one[0])]
    assert found == ([(file, guest)] if guest else [])


def test_pattern_for_very_many_files(simulated):
    root = simulated("empty", files={f"srv/{number:04}": "" for number in range(1001)}).root()
    assert len(list(environment_files.of_unit(root, "EnvironmentFile=/srv/*\n", "web1"))) == 1000
    assert root.warnings == ["/srv/* matches more than 1000 files, and only the first ones are read"]
