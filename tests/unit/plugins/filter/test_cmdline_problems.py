# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.cmdline_problems import FilterModule

cmdline_problems = FilterModule().filters()["cmdline_problems"]
IMAGES, PROGRAMS = {"6.1": "/boot/vmlinuz-6.1"}, ["kernel-install"]


def problems(text="quiet\n", images=None, programs=None, is_proxmox=False):
    images = IMAGES if images is None else images
    programs = PROGRAMS if programs is None else programs
    return cmdline_problems(text, "/etc/kernel/cmdline", "h1", images, programs, is_proxmox)


def test_one_line_and_kernels():
    assert problems() == []
    assert problems(images={}, programs=[], is_proxmox=True) == []


@pytest.mark.parametrize("text", ["", "quiet\nsplash", "# quiet"])
def test_other_than_one_line(text):
    assert problems(text) == [
        "/etc/kernel/cmdline does not have exactly one line. Write all kernel arguments in one line, without comments."
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('root="a b', "has a double quote without its end, which would contain new arguments. Add the closing quote."),
        ("quiet \0", "has characters that are not printable. Write the line again without them."),
        ("quiet \u202e", "has characters that are not printable. Write the line again without them."),
    ],
)
def test_a_line_that_would_take_no_argument(text, sentence):
    assert problems(text) == [f"/etc/kernel/cmdline {sentence}"]


@pytest.mark.parametrize("text", ['dyndbg="file a +p" quiet\r\n', "root=ZFS=rpool/ROOT/pve-1\tboot=zfs\n"])
def test_lines_that_the_kernel_takes(text):
    assert problems(text) == []


def test_all_problems_at_once():
    assert problems("quiet iommu=off intel_iommu=off", {}, []) == [
        "/etc/kernel/cmdline has intel_iommu=off and iommu=off. Remove this kernel argument.",
        "h1 has no kernel in /usr/lib/modules or /boot for kernel-install. Write the boot entries yourself, and set "
        "iommu_bootloader: none.",
        "h1 has neither proxmox-boot-tool nor kernel-install. Write the boot entries yourself, and set "
        "iommu_bootloader: none.",
    ]


def test_what_is_no_text():
    with pytest.raises(AnsibleFilterError, match="cmdline_problems needs the text"):
        problems(None)
