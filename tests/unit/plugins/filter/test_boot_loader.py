# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.boot_loader import FilterModule

boot_loader = FilterModule().filters()["boot_loader"]
GRUB = "BOOT_IMAGE=/boot/vmlinuz-6.1"
UEFI = "initrd=\\EFI\\initrd.img"


@pytest.mark.parametrize(
    ("programs", "files", "arguments", "name"),
    [
        (["update-grub"], [], ["quiet"], "grub"),
        (["grubby", "update-grub"], [], [], "grub"),
        (["grubby"], [], [GRUB], "grubby"),
        ([], [], [], "unknown"),
        # systemd-boot
        (["update-grub", "kernel-install"], ["cmdline"], [], "systemd-boot"),
        (["update-grub", "kernel-install"], ["cmdline"], [GRUB], "grub"),
        (["grubby", "kernel-install"], ["cmdline"], [], "grubby"),
        (["update-grub"], ["cmdline"], [], "grub"),
        (["grubby", "kernel-install"], [], [UEFI], "systemd-boot"),
        # Proxmox VE
        (["update-grub", "proxmox-boot-tool"], ["cmdline", "proxmox-boot-uuids"], [], "systemd-boot"),
        (["update-grub", "proxmox-boot-tool"], ["cmdline"], [], "grub"),
    ],
)
def test_it_is_detected(programs, files, arguments, name):
    assert boot_loader(programs, files, arguments)["name"] == name
    assert boot_loader(programs, files, arguments, "none")["name"] == "none"


def test_proxmox_needs_program_and_partitions():
    assert boot_loader(["proxmox-boot-tool"], ["proxmox-boot-uuids"], [])["is_proxmox"] is True
    assert boot_loader(["proxmox-boot-tool"], [], [])["is_proxmox"] is False
    assert boot_loader([], ["proxmox-boot-uuids"], [])["is_proxmox"] is False


def test_what_is_no_list():
    with pytest.raises(AnsibleFilterError, match="boot_loader needs lists"):
        boot_loader(None, [], [])
