# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the rules of all kernel files."""

from __future__ import annotations

import pytest

from ..conftest import refusal
from .conftest import Host, types, write

KIND = f"{types('mtty')}/mtty-1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{KIND}/name", None),
        (KIND, "EISDIR"),
        (f"{KIND}/missing", "ENOENT"),
        (f"{KIND}/name/below", "ENOTDIR"),
        ("sys/" + "x" * 256, "ENOENT"),
        (f"{KIND}/create", "EACCES"),
    ],
)
def test_reading(host: Host, path: str, expected: str | None) -> None:
    """reading: EISDIR, ENOENT whatever the length of the name, ENOTDIR, and EACCES where only writing is allowed"""
    assert refusal(host.files.read, path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{KIND}/name", "EACCES"),
        (f"{KIND}/available_instances", "EACCES"),
        (KIND, "EISDIR"),
        (f"{KIND}/missing", "ENOENT"),
        ("sys/missing/missing", "ENOENT"),
    ],
)
def test_writing(host: Host, path: str, expected: str | None) -> None:
    """writing: EACCES where only reading is allowed, EISDIR, ENOENT"""
    assert write(host, path, "1") == expected


def test_other_calls(host: Host) -> None:
    """listing a file is ENOTDIR, reading a directory as a link EINVAL, deleting a kernel file EPERM"""
    assert refusal(host.files.list, f"{KIND}/name") == "ENOTDIR"
    assert refusal(host.files.list, "sys/missing") == "ENOENT"
    assert refusal(host.files.link, KIND) == "EINVAL"
    assert refusal(host.files.unlink, f"{KIND}/name") == "EPERM"
