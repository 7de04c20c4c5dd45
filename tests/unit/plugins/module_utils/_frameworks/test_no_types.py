# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import no_types

MDEV = {"mdev"}


@pytest.mark.parametrize(
    ("frameworks", "vendor_id", "named", "unnamed"),
    [
        (set(), "10de", ["lspci -k"], ["systemctl"]),
        ({"vendor_vfio"}, "10de", ["nvidia-smi mig -lgi", "nvidia-vgpu-mgr"], ["nvidia-vgpud"]),
        (MDEV, "10de", ["systemctl status nvidia-vgpud nvidia-vgpu-mgr"], ["MIG", "journalctl"]),
        (MDEV, "8086", ["vendor's vGPU driver", "journalctl -k"], ["nvidia", "NVIDIA"]),
        (MDEV, None, ["journalctl -k", "nvidia-vgpud nvidia-vgpu-mgr"], ["MIG"]),
    ],
)
def test_what_to_check(frameworks, vendor_id, named, unnamed):
    sentence = no_types.advice(frameworks, vendor_id)
    assert [text for text in named if text not in sentence] == []
    assert [text for text in unnamed if text in sentence] == []


@pytest.mark.parametrize(
    ("framework", "rooms", "listed"),
    [
        ("mdev", [], False),
        ("mdev", [0, None], True),
        ("vendor_vfio", [], False),
        ("vendor_vfio", [0, 0], False),
        ("vendor_vfio", [0, 1], True),
    ],
)
def test_types_without_room_are_not_listed_by_a_vf(framework, rooms, listed):
    assert no_types.lists_types(framework, rooms) is listed
