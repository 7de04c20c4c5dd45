# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.kernel_images import FilterModule

kernel_images = FilterModule().filters()["kernel_images"]


def test_the_module_directory_takes_precedence():
    found = kernel_images(
        [
            *("/mnt/usr/lib/modules/6.12.1/vmlinuz", "/mnt/boot/vmlinuz-6.12.1", "/mnt/boot/vmlinuz-6.1.0-9-amd64"),
            *("/mnt/lib/modules/5.1/vmlinuz", "/mnt/lib/modules/5.1/other/vmlinuz", "/mnt/boot/initrd-6.1"),
        ],
        "/mnt",
    )
    # In this order the boot entries are written.
    assert list(found.items()) == [
        ("6.1.0-9-amd64", "/boot/vmlinuz-6.1.0-9-amd64"),
        ("6.12.1", "/usr/lib/modules/6.12.1/vmlinuz"),
        ("5.1", "/lib/modules/5.1/vmlinuz"),
    ]
    assert kernel_images(["/boot/vmlinuz-6.1"]) == {"6.1": "/boot/vmlinuz-6.1"}
    assert kernel_images([]) == {}


def test_what_is_no_list():
    with pytest.raises(AnsibleFilterError, match="kernel_images needs a list"):
        kernel_images(None)
