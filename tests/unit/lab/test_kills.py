# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that runs are killed at the chosen call, and that their results are checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host import child_process
from ansible_collections.vfio.devices.tests.lab import kills


@pytest.mark.parametrize("alone", [True, False])
def test_the_chosen_call_is_the_first_that_is_missing(tmp_path: Path, alone: bool) -> None:
    def action() -> dict[str, Any]:
        for number in range(5):
            os.mkdir(tmp_path / f"{before}-{number}")
        return {"changed": True}

    before = 0
    assert kills.run(action) == kills.Ended({"changed": True}, "", 5)
    for before in range(1, 6):
        assert kills.run(action, before, alone) == kills.Ended({}, "", before)
        assert len(list(tmp_path.glob(f"{before}-*"))) == before - 1


@pytest.mark.parametrize("alone", [True, False])
def test_a_child_goes_on_only_if_the_run_is_killed_alone(tmp_path: Path, alone: bool) -> None:
    reader, writer = os.pipe()

    def action() -> dict[str, Any]:
        os.set_inheritable(writer, True)
        pid = os.fork()
        if not pid:
            os.mkdir(tmp_path / "made")
            os._exit(0)
        os.waitpid(pid, 0)
        return {"changed": True}

    assert kills.run(action, 1, alone) == kills.Ended({}, "", 1)
    os.close(writer)
    # The pipe closes when the last process that could write has ended.
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert (tmp_path / "made").exists() == alone


def test_the_child_that_writes_for_the_engine_is_counted(tmp_path: Path) -> None:
    def action() -> dict[str, Any]:
        child_process.run(lambda: os.mkdir(tmp_path / "made"), 10)
        return {"changed": True}

    assert kills.run(action).calls == 1


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (Refused(["in use"]), "in use"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        ({"changed": True, "failures": ["broke"]}, "broke"),
        ({"changed": True, "failures": []}, "changed is True"),
        ({"changed": False, "failures": []}, ""),
    ],
)
def test_what_is_wrong_with_a_run(result: object, problem: str) -> None:
    def action() -> dict[str, Any]:
        if isinstance(result, dict):
            return result
        assert isinstance(result, Exception)
        raise result

    found = list(kills.wrong(kills.run(action), False))
    assert len(found) == bool(problem) and problem in "".join(found)


def test_a_killed_run_without_a_reason_is_wrong() -> None:
    def action() -> dict[str, Any]:
        os.kill(os.getpid(), 9)
        return {}

    assert list(kills.wrong(kills.run(action))) == ["it failed: ended by signal 9"]
