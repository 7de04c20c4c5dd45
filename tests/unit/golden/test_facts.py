# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.simhost.profile import HERE
from ansible_collections.vfio.devices.tests.unit.golden.play import left_over

PROFILES = sorted(path.stem for path in (HERE / "profiles").glob("*.yml"))


@pytest.mark.parametrize("profile", PROFILES)
def test_facts(play, golden, profile):
    golden(f"facts/{profile}", play.facts(play.host_of(profile)))


def test_no_file_is_left_over():
    assert not left_over("facts", PROFILES)
