# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import shlex
import socket

import pytest
from ansible_collections.vfio.devices.plugins.filter.fleet_report import fleet_report
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive, files
from ansible_collections.vfio.devices.plugins.module_utils._host import ownership
from ansible_collections.vfio.devices.plugins.module_utils._modes import records
from ansible_collections.vfio.devices.plugins.module_utils._run import facts
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_provider_config, settings_file

SECTIONS = {"pci": [("report_in_placement", "true")]}
FACTS = dict.fromkeys([*facts.DEFAULT_PARTS, "warnings"], [])
WANTS = "etc/systemd/system/multi-user.target.wants"

# Maps each kind to the text that the collection writes.
WRITTEN = {
    "nova": settings_file.text("nova_config", SECTIONS),
    "cyborg": settings_file.text("cyborg_config", SECTIONS),
    "traits": nova_provider_config.HEADER + "meta: {}\n",
    "kernel": "# Managed by vfio.devices.iommu. Manual changes are overwritten.\nvfio-pci\n",
    "rule": records.rule("0000:31:00.0", 4),
    "report": fleet_report({}, title="Cards", time="now"),
    "report as CSV": fleet_report({}, title="Cards", time="now", output="all")["csv"],
    "report as JSON": fleet_report({}, title="Cards", time="now", output="all")["json"],
    "facts": json.dumps(FACTS, indent=4, sort_keys=True),
    "facts in one line": json.dumps({**FACTS, "more": 1}),
    "changed by hand": settings_file.text("nova_config", SECTIONS) + "[DEFAULT]\ndebug = true\n",
}

# First lines of earlier versions, and the part of the collection that wrote them.
FORMER = {
    "# Settings of nova, made by vfio.devices. Changes made by hand get lost.": b"nova_config",
    "# Settings of Cyborg, made by vfio.devices. Changes made by hand get lost.": b"cyborg_config",
    "# Made by vfio.devices for nova-compute. Changes made by hand get lost.": b"provider_config",
    "# Written by the role vfio.devices.iommu.": b"iommu",
    "# Written by the role vfio.devices.mdev, from the rule of mdevctl.": b"mdev",
    "# Written by the Ansible module vfio.devices.boot_restore, and removed by it.": b"boot_restore",
    "# Written by the Ansible module vfio.devices.sriov_pf_mode, and removed by it.": b"sriov_pf_mode",
}

OF_OTHERS = {
    "empty": "",
    "settings": "[DEFAULT]\ntransport_url = rabbit://nova:secret@mq\n",
    "a comment": "# Settings of nova\n",
    "a word about us": "# Settings of nova, see vfio.devices\n",
    "managed by another": "# Managed by vfio.devices, as all files\n",
    "the header further down": "\n# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n",
    "the header after a mark": "\ufeff# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n",
    "a page": '<!doctype html>\n<html lang="en">\n<head>\n<title>vfio.devices</title>',
    "a page about us": '<!doctype html>\n<p><meta name="generator" content="vfio.devices">',
    "another object": json.dumps({"devices": [], "warnings": []}),
    "a table of hosts": "host,groups,kernel\n",
    "a word about us in an object": json.dumps({"generator": ["vfio.devices"], "title": "vfio.devices"}),
    "a list": json.dumps([FACTS]),
    "half an object": json.dumps(FACTS)[:-1],
    "deep": "{" + '"a":{' * 100_000,
    "another archive": "PK\x03\x04" + "\0" * 26 + "other.py",
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_this_collection_writes_is_ours(tmp_path, kind):
    file = tmp_path / "file"
    file.write_text(WRITTEN[kind])
    entry = ownership.read_entry(str(file))
    assert entry.is_ours
    assert ownership.refusal(entry) is None


@pytest.mark.parametrize("header", FORMER)
def test_files_of_earlier_versions_are_ours_and_of_the_same_kind(tmp_path, header):
    file = tmp_path / "file"
    file.write_text(f"{header}\nthe rest\n")
    assert ownership.read_entry(str(file)).is_ours
    now = ownership.header(FORMER[header].decode()).encode() + b"the rest\n"
    assert ownership.kind(file.read_bytes()) == ownership.kind(now) == FORMER[header]
    assert ownership.body(file.read_bytes()) == ownership.body(now) == b"the rest\n"


def test_all_boot_files_are_ours_also_when_they_were_cut():
    for content in files.files("/usr/bin/python3", 60, archive.build()).values():
        assert ownership.is_ours(content)
        assert ownership.is_ours(content[:600])


@pytest.mark.parametrize("kind", OF_OTHERS)
def test_all_else_is_of_others(tmp_path, kind):
    file = tmp_path / "file"
    file.write_text(OF_OTHERS[kind])
    assert ownership.refusal(ownership.read_entry(str(file))) == "was not written by this collection"


def test_an_empty_file_is_taken_only_where_nobody_else_writes(tmp_path):
    file = tmp_path / "file"
    file.touch()
    entry = ownership.read_entry(str(file))
    assert ownership.refusal(entry, takes_empty=True) is None
    file.write_text("\n")
    assert ownership.refusal(ownership.read_entry(str(file)), takes_empty=True)


def test_bytes_that_are_no_text_are_of_others(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 100)
    assert not ownership.read_entry(str(file)).is_ours
    file.write_bytes(b"{\xff\xfe")
    assert not ownership.read_entry(str(file)).is_ours


def test_nothing_is_free(tmp_path):
    assert ownership.read_entry(str(tmp_path / "nothing")) is None
    assert ownership.refusal(None) is None


def test_mode_and_owner_are_told(tmp_path):
    file = tmp_path / "file"
    file.write_text(WRITTEN["nova"])
    file.chmod(0o640)
    entry = ownership.read_entry(str(file))
    assert (entry.mode, entry.uid, entry.gid) == (0o640, os.geteuid(), file.stat().st_gid)


def make(kind, path):
    """Create something that is not a regular file; return its description."""
    ours = path.parent / "ours"
    ours.write_text(WRITTEN["nova"])
    if kind == "directory":
        path.mkdir()
        return "a directory"
    if kind == "FIFO":
        os.mkfifo(path)
        return "a FIFO"
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
        return "a socket"
    path.symlink_to({"link to ours": ours, "link to nothing": "/nothing", "link to a device": "/dev/null"}[kind])
    return "a symbolic link"


@pytest.mark.parametrize("kind", ["directory", "FIFO", "socket", "link to ours", "link to nothing", "link to a device"])
@pytest.mark.parametrize("takes_empty", [True, False])
def test_only_ordinary_files_are_ours(tmp_path, monkeypatch, kind, takes_empty):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "path"
    words = make(kind, path)
    assert ownership.refusal(ownership.read_entry(str(path)), takes_empty) == f"is {words}"


def test_devices_are_not_read():
    assert ownership.refusal(ownership.read_entry("/dev/zero")) == "is a character device"


@pytest.mark.parametrize(
    ("place", "target", "ours"),
    [
        (f"{WANTS}/vfio-devices-restore.service", "/etc/systemd/system/vfio-devices-restore.service", True),
        (f"{WANTS}/vfio-devices-restore.service", "../vfio-devices-restore.service", True),
        (f"{WANTS}/vfio-devices-restore.service", "/dev/null", False),
        (f"{WANTS}/other.service", "../other.service", False),
        ("etc/systemd/system/vfio-devices-restore.service", "/x/vfio-devices-restore.service", False),
    ],
)
def test_one_link_is_ours(tmp_path, place, target, ours):
    link = tmp_path / place
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    assert ownership.read_entry(str(link)).is_ours is ours
    assert ownership.is_own_link(place, target) is ours


@pytest.mark.parametrize("name", ["/etc/a.conf", "/a b", "/it's", "/$(reboot)", "/-x"])
def test_the_command_renames_this_file_only(name):
    assert shlex.split(ownership.rename_command(name)) == ["mv", name, f"{name}.saved"]
