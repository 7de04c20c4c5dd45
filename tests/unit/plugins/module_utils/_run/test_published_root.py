# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import writable
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run import published_root

ROOT = "00000000-0000-0000-0000-0000000000b0"


@pytest.fixture
def seen(tmp_path):
    """Return what a host has in its record, after its files were written."""
    (tmp_path / "sys").mkdir()

    def observe(record=None, machine="0123456789abcdef0123456789abcdef", hardware=None):
        files = {published_root.PATH: record, "etc/machine-id": machine, published_root.HARDWARE: hardware}
        for path, text in files.items():
            if text is not None:
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_text(text)
        return published_root.observe(HostRoot(str(tmp_path)))

    return observe


def record(host, uuid=ROOT, name="compute1"):
    return f"# Managed by vfio.devices.placement.\nhost={host}\nuuid={uuid}\nname={name}\n"


def test_a_record_of_this_host(seen):
    before = seen()
    assert (before["uuid"], before["name"]) == (None, None)
    assert seen(record(before["host"])) == {"host": before["host"], "uuid": ROOT, "name": "compute1"}
    # A name may have any printable characters.
    assert seen(record(before["host"], name="a=b c"))["name"] == "a=b c"


def test_a_record_from_the_disk_of_another_host(seen):
    other = seen(machine="f" * 32)["host"]
    assert seen(record(other))["uuid"] is None
    assert seen()["host"] != other


def test_a_record_from_a_copied_disk_with_the_same_machine_id(seen):
    original = seen(hardware="4c4c4544-0043-3010-8052-b4c04f4e4e32\n")["host"]
    assert seen(record(original))["uuid"] == ROOT
    assert seen(record(original), hardware="4c4c4544-0043-3010-8052-b4c04f4e4e33\n")["uuid"] is None


def test_a_host_without_machine_id_has_no_record(seen):
    """Without an identity, the role writes no record, which would never be read."""
    nothing = {"host": None, "uuid": None, "name": None}
    assert seen(machine="") == nothing
    assert seen(record(None), machine="") == nothing


@pytest.mark.parametrize("text", ["", "\0", "host\nuuid", "host={}\n", "host={}\nuuid=x\nname=y\n", "uuid={}"])
def test_a_damaged_record(seen, text):
    assert seen(text.replace("{}", seen()["host"]))["uuid"] is None


def test_the_record_is_in_the_list_of_written_files():
    assert writable.writer(published_root.PATH) == "role placement"
