# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test files of other programs at all paths that playbooks write: they are refused before any change or output."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import pytest
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.simhost import mounting

HOST = "debian"
SECRET = "r4bb1t-p4ss"
NOVA = f"[DEFAULT]\ntransport_url = rabbit://nova:{SECRET}@mq\n"
NIC, GPU = "0000:18:00.0", "0000:65:00.0"
PROFILES = [
    {"name": "ports", "select": [NIC], "mode": "vf", "num_vfs": 4, "vf_driver": "mlx5_vfio_pci"},
    {"name": "whole", "select": [GPU], "owner": "none", "mode": "pf"},
    {"name": "ttys", "select": ["mtty"], "vgpu": {"type": "mtty-2"}},
]
# Maps each path to its variable.
CHOSEN = {
    "etc/nova/nova.conf": "nova_config_path",
    "etc/nova/provider_config/own.yaml": "nova_config_provider_path",
    "etc/cyborg/cyborg.conf": "cyborg_config_path",
}
FIXED = [
    "etc/default/grub.d/90-vfio-devices.cfg",
    "etc/modules-load.d/vfio-devices.conf",
    "etc/modprobe.d/vfio-devices-nouveau.conf",
    f"etc/udev/rules.d/90-vfio-devices-{NIC}.rules",
    "usr/local/lib/vfio-devices-restore.pyz",
    "etc/systemd/system/vfio-devices-restore.service",
    "etc/systemd/system/vfio-devices-restore@.service",
    "etc/udev/rules.d/90-vfio-devices-restore.rules",
]
OURS = "etc/nova/nova.conf.d/50-vfio-devices.conf"
VARIABLES = {
    **{variable: f"/{path}" for path, variable in CHOSEN.items()},
    "nova_config_release": "2026.2",
    "nova_config_provider_config": True,
    "vfio_profiles": PROFILES,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Mount a host that lacks everything."""
    fleet = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(fleet, [HOST])
    yield fleet / HOST
    mounting.unmount(fleet)


@pytest.fixture
def play(root, tmp_path):
    """Return a function that runs a playbook with the most verbose output and returns success and output."""

    def play(name, *arguments, **variables):
        inventory = tmp_path / "hosts.json"
        inventory.write_text(simulated.inventory(root.parent, {HOST: {}}, **variables))
        command = ["ansible-playbook", "-i", str(inventory), "-vvv", "--diff", f"vfio.devices.{name}", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        return done.returncode == 0, done.stdout + done.stderr

    return play


def make_foreign(root, path):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(NOVA)
    file.chmod(0o640)


@pytest.fixture
def foreign(root):
    """Create files of an operator at all paths, until the end of the test."""
    paths = [root / path for path in (*CHOSEN, *FIXED)]
    for path in paths:
        make_foreign(root, path.relative_to(root))
    yield paths
    for path in paths:
        path.unlink(missing_ok=True)


def state(root):
    """Return everything that a run could change: files with mode and time, and the state of cards."""
    files = {}
    for directory in ("etc", "usr", "lib"):
        for path in (root / directory).rglob("*"):
            status = path.lstat()
            content = path.read_text() if path.is_file() else None
            files[str(path)] = (content, status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns)
    cards = [root / f"sys/bus/pci/devices/{card}" for card in (NIC, GPU)]
    numbers = [(card / "driver").readlink().name for card in cards] + [(cards[0] / "sriov_numvfs").read_text()]
    return files, numbers, sorted(path.name for path in (root / "sys/bus/mdev/devices").glob("*"))


@pytest.mark.parametrize(
    ("playbook", "arguments", "of_kernel"),
    [("site", [], True), ("site", ["--check"], True), ("reprofile", [], False)],
    ids=["site", "check", "reprofile"],
)
def test_files_of_others_are_refused_before_anything_is_changed(root, play, foreign, playbook, arguments, of_kernel):
    before = state(root)
    went_well, said = play(playbook, *arguments, **VARIABLES)
    assert not went_well
    assert state(root) == before
    assert SECRET not in said
    for path, variable in CHOSEN.items():
        assert f"{root}/{path} ({variable}) was not written by this collection" in said
        assert f"set {variable}: /etc/" in said
    for path in FIXED[0 if of_kernel else 3 :]:
        assert f"{root}/{path} was not written by this collection" in said
        assert f"mv {root}/{path} {root}/{path}.saved" in said


def test_no_file_of_others_goes_with_the_last_profile(root, play, foreign):
    before = state(root)
    went_well, said = play("site", **{**VARIABLES, "vfio_profiles": []})
    assert not went_well
    assert state(root) == before
    assert SECRET not in said
    assert f"{root}/etc/nova/nova.conf (nova_config_path) was not written by this collection" in said


def age(root):
    """Give all files the headers of an earlier version, and return their texts before."""
    former = {
        "nova_config": "# Settings of nova, made by vfio.devices. Changes made by hand get lost.",
        "boot_restore": "# Written by the Ansible module vfio.devices.boot_restore, and removed by it.",
    }
    texts = {}
    for path in (root / "etc").rglob("*vfio-devices*"):
        text = path.read_text() if path.is_file() and not path.is_symlink() else ""
        header, _end, rest = text.partition("\n")
        if header.startswith("# Managed by vfio.devices."):
            texts[path] = text
            path.write_text(f"{former[header.split('.')[2]]}\n{rest}")
    assert len(texts) == 4
    return texts


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a read-only file system")
@pytest.mark.parametrize("name", ["site", "reprofile"])
def test_a_read_only_directory_is_found_before_anything_is_changed(root, play, name):
    directory = root / "etc/nova/nova.conf.d"
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(directory)], check=True)
    try:
        before = state(root)
        went_well, said = play(name, nova_config_release="2026.2", vfio_profiles=PROFILES)
        assert state(root) == before
    finally:
        subprocess.run(["umount", str(directory)], check=True)
    assert not went_well
    assert f"{root}/{OURS} cannot be created: EROFS" in said
    assert "mount it read-write" in said


def test_files_of_ours_keep_their_mode_and_are_replaced_and_removed(root, play):
    variables = {"nova_config_release": "2026.2", "vfio_profiles": PROFILES[2:]}
    file = root / OURS
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n\n[pci]\nby = hand\n")
    file.chmod(0o640)
    went_well, said = play("site", **variables)
    assert went_well, said
    assert "enabled_mdev_types = mtty-2" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    texts = age(root)
    went_well, said = play("site", **variables)
    assert went_well, said
    assert {path: path.read_text() for path in texts} == texts
    assert "boot service: replaced 3 files" in said
    assert 'nova configuration: renewed the header of 1 file"' in said
    assert "still uses its old configuration" not in said
    went_well, said = play("site", **variables)
    assert went_well, said
    assert " changed=0 " in said
    assert play("site", **{**variables, "vfio_profiles": []})[0]
    assert not file.exists()


def test_facts_are_saved_only_over_facts(play, tmp_path):
    saved = tmp_path / "saved" / f"{HOST}.json"
    assert play("discover", "--check", vfio_discover_directory="saved")[0]
    assert not saved.exists()
    assert play("discover", vfio_discover_directory="saved")[0]
    assert json.loads(saved.read_text())["physical_functions"]
    assert " changed=0 " in play("discover", vfio_discover_directory="saved/")[1]
    saved.write_text(json.dumps({"password": SECRET}))
    went_well, said = play("discover", vfio_discover_directory="saved")
    assert not went_well
    assert SECRET not in said
    assert f"{saved} (vfio_discover_directory) was not written by this collection" in said
    assert json.loads(saved.read_text()) == {"password": SECRET}


def test_a_report_replaces_only_a_report(play, tmp_path):
    page = tmp_path / "page.html"
    assert play("report", report_path="page.html")[0]
    assert "<title>VFIO devices</title>" in page.read_text()
    page.chmod(0o640)
    assert play("report", report_path=str(page))[0]
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    page.write_text(f"<!doctype html>\n<title>{SECRET}</title>\n")
    went_well, said = play("report", report_path=str(page))
    assert not went_well
    assert SECRET not in said
    assert SECRET in page.read_text()
    assert f"{page} (report_path) was not written by this collection" in said
