# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import no_types

MDEV = [{"framework": "mdev"}]


@pytest.mark.parametrize(
    ("parents", "vendor_id", "named", "unnamed"),
    [
        ([], "10de", ["lspci -k"], ["systemctl"]),
        ([{"framework": "vendor_vfio"}] * 2, "10de", ["nvidia-smi mig -lgi", "nvidia-vgpu-mgr"], ["nvidia-vgpud"]),
        (MDEV, "10de", ["systemctl status nvidia-vgpud nvidia-vgpu-mgr"], ["MIG", "journalctl"]),
        (MDEV, "8086", ["vendor's vGPU driver", "journalctl -k"], ["nvidia", "NVIDIA"]),
        (MDEV, None, ["journalctl -k", "nvidia-vgpud nvidia-vgpu-mgr"], ["MIG"]),
    ],
)
def test_what_to_check(parents, vendor_id, named, unnamed):
    sentence = no_types.advice(parents, vendor_id)
    assert [text for text in named if text not in sentence] == []
    assert [text for text in unnamed if text in sentence] == []
