# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.type_description import attributes
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (
            "num_heads=4, frl_config=60, framebuffer=1024M, max_resolution=5120x2880, max_instance=16",
            {
                "num_heads": 4,
                "frl_config": 60,
                "framebuffer": 1024,
                "max_resolution": "5120x2880",
                "max_instance": 16,
            },
        ),
        (
            "low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\nresolution: 1920x1200\nweight: 4",
            {"low_gm_size": 128, "high_gm_size": 512, "fence": 4, "resolution": "1920x1200", "weight": 4},
        ),
        ("virtual display, 640x480 framebuffer", {}),
        ("", {}),
        (None, {}),
        ("max_instance=", {}),
        ("max_instance=-1, framebuffer=1G", {"max_instance": "-1", "framebuffer": "1G"}),
    ],
)
def test_attributes(description, expected):
    assert attributes(description) == expected


@given(st.text())
def test_any_text_is_taken(text):
    assert isinstance(attributes(text), dict)
