# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.reading import Reading


class Files:
    """A host of one file."""

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
        (b"\xff", None, ["etc/file is not UTF-8 text"]),
        (OSError(errno.EIO, "Input/output error"), None, ["cannot read etc/file: EIO (Input/output error)"]),
    ],
)
def test_a_read_ends_no_scan(answer, text, warnings):
    host = Reading("/", 30.0, Files(answer))
    assert host.read("etc/file") == text
    assert host.warnings == warnings
    assert host.names("etc") == ["a", "b"]
