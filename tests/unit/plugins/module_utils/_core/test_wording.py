# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import wording

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
    assert wording.describe_types(types, asked) == sentence


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ({"pid": 7, "command": "dpdk", "domain": None, "running": True}, "pid 7, dpdk"),
        ({"pid": 7, "command": "qemu", "domain": "web1", "running": True}, "guest web1 (pid 7, qemu)"),
        ({"pid": None, "command": None, "domain": "web1", "running": True}, "guest web1 (running)"),
        ({"pid": None, "command": None, "domain": "web1", "running": False}, "guest web1 (defined)"),
        ({"pid": None, "command": None, "domain": None, "running": True}, "an unknown user"),
    ],
)
def test_who_holds_a_device(user, sentence):
    assert wording.describe_users([user]) == sentence
    assert wording.describe_users([user, user]) == f"{sentence}, {sentence}"


def test_a_name_is_compared_with_names():
    types = {"nvidia-228": "GRID T4-8Q", "nvidia-229": None}
    assert "similar" not in wording.describe_types(types, ["NVIDIA L40S-8Q"])
    assert wording.describe_types(types, ["GRID T4-8C"]).endswith("is GRID T4-8Q")
    assert wording.describe_types(types, ["nvidia-288"]).endswith("is nvidia-228")
