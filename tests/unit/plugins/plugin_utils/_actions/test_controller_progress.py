# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import types

from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import controller_progress, long_work


class Waits:
    """An event that is set after a number of waits; each wait first runs something."""

    def __init__(self, *happenings):
        self.happenings = iter(happenings)

    def wait(self, seconds):
        happening = next(self.happenings, None)
        if happening:
            happening()
        return happening is None


def test_only_news_are_shown(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(long_work, "print_line", lines.append)
    monkeypatch.setattr(controller_progress, "time", types.SimpleNamespace(monotonic=itertools.count().__next__))
    path = str(tmp_path / "progress")

    def told(done):
        progress.to_file(path)("providers written", done, 9)

    waits = Waits(lambda: "nothing yet", lambda: told(3), lambda: "the same", lambda: told(7))
    controller_progress.show(path, "Placement", 0, waits)
    assert lines == ["Placement: 3 of 9 providers written after 1 s", "Placement: 7 of 9 providers written after 2 s"]
