# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that every snippet of the guides does what its text says."""

from __future__ import annotations

import pytest

from . import scenes

PLACES = [place for place in scenes.SCENES if place[0].endswith(".rst")]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
def test_it_does_what_it_says(follow, place):
    follow(place)
