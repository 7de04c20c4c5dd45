# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import get_args

from ansible_collections.vfio.devices.plugins.module_utils._model import steps


def test_every_step_of_a_card_names_it_and_says_what_is_done():
    for step in get_args(steps.CardStep):
        assert step._fields[:2] == ("card", "text"), step
