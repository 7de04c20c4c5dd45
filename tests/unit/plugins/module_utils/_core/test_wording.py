# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import wording as _type_names

T4 = {f"nvidia-{222 + number}": f"GRID T4-{number}Q" for number in range(1, 17)}


@pytest.mark.parametrize(
    ("types", "asked", "sentence"),
    [
        ({}, ["x"], "none"),
        ({"mtty-1": "Single port", "mtty-2": None}, ["nonsense"], "Single port, mtty-2"),
        (
            {"mtty-1": "Single port", "mtty-2": None},
            ["MTTY_2"],
            "Single port, mtty-2. The most similar name to MTTY_2 is mtty-2",
        ),
        ({"a": "same", "b": "same"}, ["q"], "same"),
        (
            T4,
            ["grid t4-12q", "T5", "nvidia_223"],
            "GRID T4-1Q, GRID T4-2Q, GRID T4-3Q, GRID T4-4Q, GRID T4-5Q and 11 more. The most similar name to grid "
            "t4-12q is GRID T4-12Q. The most similar name to nvidia_223 is nvidia-223",
        ),
    ],
)
def test_describe(types, asked, sentence):
    assert _type_names.describe(types, asked) == sentence
