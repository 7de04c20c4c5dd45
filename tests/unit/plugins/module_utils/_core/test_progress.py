# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import progress as core_progress


def test_what_was_told_is_read(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(core_progress.time, "monotonic", lambda: clock[0])
    path = str(tmp_path / "progress")
    assert core_progress.read(path) is None
    report = core_progress.to_file(path)
    report("providers", 1, 9)
    report("providers", 2, 9)
    assert core_progress.read(path) == ("providers", 1, 9)
    clock[0] += 1
    report("providers", 3, 9)
    assert core_progress.read(path) == ("providers", 3, 9)


def test_a_file_that_cannot_be_written_is_no_failure(tmp_path):
    core_progress.to_file(str(tmp_path / "none" / "progress"))("providers", 1, 9)
    core_progress.silent("providers", 1, 9)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "seconds"), [(None, None), ("10.0", 10.0), ("soon", None), ("", None)])
def test_budget(monkeypatch, text, seconds):
    monkeypatch.delenv(core_progress.BUDGET, raising=False)
    if text is not None:
        monkeypatch.setenv(core_progress.BUDGET, text)
    assert core_progress.budget() == seconds


def test_somebody_wants_to_know(monkeypatch, tmp_path):
    monkeypatch.delenv(core_progress.PATH, raising=False)
    assert core_progress.from_environment() is core_progress.silent
    monkeypatch.setenv(core_progress.PATH, str(tmp_path / "progress"))
    core_progress.from_environment()("providers", 1, 9)
    assert core_progress.read(str(tmp_path / "progress")) == ("providers", 1, 9)
