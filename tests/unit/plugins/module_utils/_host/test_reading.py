# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.reading import Reading


class Files:
    """A host with one file."""

    def __init__(self, answer):
        self.answer = answer

    def read(self, path, most=None):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def list(self, path):
        return ["b", "a"]


@pytest.mark.parametrize(
    ("answer", "text", "warnings"),
    [
        (b" text \n", " text", []),
        (b"\xff", None, ["/etc/file is not UTF-8 text"]),
        (OSError(errno.EIO, "Input/output error"), None, ["cannot read /etc/file: EIO (Input/output error)"]),
    ],
)
def test_a_read_ends_no_scan(answer, text, warnings):
    host = Reading("/", 30.0, Files(answer))
    assert host.read("etc/file") == text
    assert host.warnings == warnings
    assert host.names("etc") == ["a", "b"]


class SlowProcesses(Files):
    """The maps of processes; each entry of ``silences`` makes one read of that path time out."""

    def __init__(self, *silences):
        super().__init__(b"")
        self.silences = list(silences)

    def each_in_time(self, timeout, limit, method, paths):
        answers = []
        for place, path in enumerate(paths):
            if path in self.silences:
                self.silences.remove(path)
                return answers, place
            answers.append((None, [f"/dev/of/{path}"]))
        return answers, None


@pytest.mark.parametrize(("times", "hidden"), [(0, False), (1, False), (2, True)])
def test_a_process_that_does_not_answer_in_time_is_asked_once_more(times, hidden):
    silent = "proc/26/maps"
    host = Reading("/", 30.0, SlowProcesses(*[silent] * times))
    found = host.mapped_devices([25, 26, 27])
    assert sorted(found) == ([25, 27] if hidden else [25, 26, 27])
    assert any(f"{silent} gives no answer within 2 s" in warning for warning in host.warnings) == hidden
