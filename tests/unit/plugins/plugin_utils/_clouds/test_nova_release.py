# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release


@pytest.mark.parametrize(
    ("release", "number"),
    [
        (34, 34),
        ("34", 34),
        ("34.0.1", 34),
        (2026.2, 34),
        ("2026.2", 34),
        ("2023.1", 27),
        ("2024.1", 29),
        ("Hibiscus", 34),
        ("ussuri", 21),
        ("xena", 24),
        ("epoxy", 31),
        ("2027.1", 35),
    ],
)
def test_spellings(release, number):
    assert nova_release.number(release) == number


@pytest.mark.parametrize(
    "release",
    [
        "",
        "2026",
        "2026.3",
        "x" * 99,
        "1",
        None,
        "-34",
        "zed2",
        20.0,
        "2019.1",
        99,
        "39",
        "2099.1",
        "3\uff14",
        "\u0663\u0664",
        "34\n34",
        True,
        "34.",
        [34],
    ],
)
def test_what_is_no_release_or_too_old(release):
    with pytest.raises(ValueError, match="is not a nova release|is older than 21|is not released"):
        nova_release.number(release)


def test_the_newest_has_a_name():
    assert nova_release.number(nova_release.NAMES[-1]) == nova_release.NEWEST
