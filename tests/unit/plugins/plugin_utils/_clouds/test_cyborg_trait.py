# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.cyborg_trait import gpu_trait
from hypothesis import given
from hypothesis import strategies as st

SAME = [
    ("GRID T4-1B", "1EB8_T4_1B"),
    ("GRID T4-2B", "1EB8_T4_2B"),
    ("NVIDIA A100-1-5C", "1EB8_A100_1_5C"),
    ("NVIDIA A40-2Q", "1EB8_A40_2Q"),
    ("GRID P40-1B4", "1EB8_P40_1B4"),
    (None, "1EB8"),
]
DIFFERENT = [
    # Type, safe end of the trait, and the trait or problem in Cyborg.
    ("NVIDIA RTX Pro 6000 Blackwell DC-4Q", "1EB8_RTX_PRO_6000_BLACKWELL_DC_4Q", "1EB8_RTX"),
    ("NVIDIA RTX Pro 6000 Blackwell DC-8Q", "1EB8_RTX_PRO_6000_BLACKWELL_DC_8Q", "1EB8_RTX"),
    ("NVIDIA A30-1-6C+ME", "1EB8_A30_1_6C_ME", "not a valid trait"),
    ("NVIDIA H100-1-10C.ME", "1EB8_H100_1_10C_ME", "not a valid trait"),
    ("T4-2B", "1EB8_T4_2B", "a single word"),
    ("GRID  T4-2B", "1EB8_T4_2B", "1EB8"),
]


@pytest.mark.parametrize(("name", "tail"), SAME)
def test_where_the_rule_of_cyborg_holds_both_are_the_same(name, tail):
    assert gpu_trait("1eb8", name) == gpu_trait("1eb8", name, exact=True) == f"CUSTOM_NVIDIA_{tail}"


@pytest.mark.parametrize(("name", "safe", "exact"), DIFFERENT)
def test_where_it_breaks(name, safe, exact):
    assert gpu_trait("1eb8", name) == f"CUSTOM_NVIDIA_{safe}"
    if " " in exact:
        with pytest.raises(ValueError, match=exact):
            gpu_trait("1eb8", name, exact=True)
    else:
        assert gpu_trait("1eb8", name, exact=True) == f"CUSTOM_NVIDIA_{exact}"


@given(st.text(min_size=1, max_size=60), st.booleans())
def test_each_trait_is_valid(name, exact):
    try:
        trait = gpu_trait("1eb8", name, exact)
    except ValueError:
        assert exact
    else:
        assert names.trait(trait) == trait
