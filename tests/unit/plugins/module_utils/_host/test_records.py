# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import records


def test_records_come_back(simulated):
    root = simulated("empty").root()
    records.save_record(root, "mdev_instance", "0000:3b:00.0", {"instances": []})
    assert records.read_records(root, "mdev_instance") == {"0000:3b:00.0": {"instances": []}}
    assert records.read_records(root, "sriov_pf_mode") == {}
    records.save_record(root, "mdev_instance", "0000:3b:00.0", None)
    records.save_record(root, "mdev_instance", "0000:3b:00.0", None)
    assert records.read_records(root, "mdev_instance") == {}
    assert root.warnings == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"[" * 99999, b"\xff"])
def test_what_is_no_record_is_told(simulated, content):
    host = simulated("empty")
    host.files.replace("etc/vfio-devices/mdev_instance/mtty.json", content)
    root = host.root()
    assert records.read_records(root, "mdev_instance") == {}
    assert len(root.warnings) == 1


def test_other_files_are_no_records(simulated):
    host = simulated("empty")
    host.files.replace("etc/vfio-devices/mdev_instance/README", b"x")
    host.files.replace("etc/vfio-devices/mdev_instance/.mtty.json.vfio-devices-new", b"{")
    root = host.root()
    assert (records.read_records(root, "mdev_instance"), root.warnings) == ({}, [])


def test_cards_are_those_that_have_a_file(simulated):
    host = simulated("empty")
    for name in ("mtty.json", "0000:3b:00.0.json", ".x.json", "README"):
        host.files.replace(f"etc/vfio-devices/mdev_instance/{name}", b"{")
    assert records.recorded_cards(host.root(), "mdev_instance") == ["0000:3b:00.0", "mtty"]


def test_a_record_for_people_has_a_short_line_for_each_field():
    record = {
        "function": {"pf": "0000:31:00.0", "mode": "vf", "num_vfs": 8, "driver": None, "vfs": []},
        "native": {"driver": "ice"},
        "identity": {"mac": "52:54:00:6d:90:02"},
    }
    assert records.shown_record(record) == [
        "mac: 52:54:00:6d:90:02",
        "mode: vf",
        "native driver: ice",
        "num_vfs: 8",
        "pf: 0000:31:00.0",
    ]
    assert records.shown_record(None) is None
