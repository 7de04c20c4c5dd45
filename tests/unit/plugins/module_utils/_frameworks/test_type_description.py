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
    ],
)
def test_attributes(description, expected):
    assert attributes(description) == (expected, [])


@pytest.mark.parametrize("value", ["16x", "-1", "1048577", "9" * 30, "²", "1e3", "0x10", "N/A"])
def test_a_number_that_is_none_is_told(value):
    found, wrong = attributes(f"num_heads=4, max_instance={value}")
    assert found == {"num_heads": 4, "max_instance": None}
    assert wrong == [f"states max_instance {value!r}, which is not a number from 0 to 1048576"]


def test_sizes_have_their_unit_only():
    found, wrong = attributes("framebuffer=1G, low_gm_size: 128MiB, fence: 4M")
    assert found == {"framebuffer": None, "low_gm_size": None, "fence": 4}
    assert len(wrong) == 2


@given(st.text(), st.sampled_from(["max_instance", "framebuffer", "x"]))
def test_any_text_is_taken(text, name):
    found, wrong = attributes(f"{name}={text}")
    assert len(wrong) == sum(value is None for value in found.values())
