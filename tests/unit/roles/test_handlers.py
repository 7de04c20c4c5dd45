# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that playbooks rescue failed handlers with every ansible-core."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

PLAYBOOKS = sorted((Path(__file__).resolve().parents[3] / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_failed_handler_is_rescued_in_a_block_of_a_block(path):
    """ansible-core 2.16 to 2.18 counts the host as failed if the block with the rescue section is a task of a play."""
    tasks = [task for play in yaml.safe_load(path.read_text(encoding="utf-8")) for task in play.get("tasks", [])]
    rescuing = [task for task in tasks if "rescue" in task]
    flushing = [task["name"] for task in rescuing if any("flush_handlers" in str(part) for part in task["block"])]
    assert flushing == []
