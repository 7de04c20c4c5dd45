# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import files, oslo, started


def test_files_of_a_container_in_the_order_of_reading(tmp_path):
    for path in (
        "sys/x",
        "etc/a/a.conf.d/2.conf",
        "proc/7/root/etc/a/a.conf.d/1.conf",
        "proc/7/root/etc/a/a.conf.d/.x",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    host = HostRoot(str(tmp_path))
    sources = oslo.sources("a", ["a"])
    of_host, contained = (
        files.of_service(host, started.Started((), "process", 7, is_contained, False), "a")
        for is_contained in (False, True)
    )
    assert files.order_of(of_host, sources) == ["/etc/a/a.conf", "/etc/a/a.conf.d/2.conf"]
    found = files.order_of(contained, sources, "/etc/a/a.conf.d/9.conf")
    assert found == ["/etc/a/a.conf", "/etc/a/a.conf.d/1.conf", "/etc/a/a.conf.d/9.conf"]
    assert [contained.text(path) for path in found] == ["", "proc/7/root/etc/a/a.conf.d/1.conf", ""]
