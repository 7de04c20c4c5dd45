# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import errno
import os
import random
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import atomic_exchange, durable_files

OURS, NEW, FOREIGN, LATER = b"ours", b"new", b"foreign", b"later"


class Changed(Exception):
    """The file is not the expected one."""


def expects(content, meanwhile=lambda number: None):
    """Return a check for ``content``, None for no file; ``meanwhile`` is called after each check with its number."""
    numbers = iter(range(9))

    def confirm(path):
        found = Path(path).read_bytes() if os.path.lexists(path) else None
        meanwhile(next(numbers))
        if found != content:
            raise Changed
        return found is not None

    return confirm


@pytest.fixture
def place(tmp_path):
    """Return a path, and a function that replaces the file there as another program does."""
    path = tmp_path / "etc" / "file"
    path.parent.mkdir()

    def put(content):
        other = tmp_path / "other"
        other.write_bytes(content)
        other.rename(path)

    return path, put


def names(path):
    return sorted(one.name for one in path.parent.iterdir())


def act(path, before, confirm):
    """Create, replace or remove the file."""
    if before == NEW:
        durable_files.unlink(str(path), confirm)
    else:
        durable_files.replace(str(path), NEW, confirm=confirm)


# A file that is created, replaced or removed.
BEFORE = pytest.mark.parametrize("before", [None, OURS, NEW], ids=["new", "old", "removed"])


@BEFORE
def test_the_expected_file_is_changed(place, before):
    path, put = place
    if before:
        put(before)
    act(path, before, expects(before))
    assert names(path) == ([] if before == NEW else ["file"])
    assert before == NEW or path.read_bytes() == NEW


@BEFORE
def test_a_file_that_appears_after_the_check_stays(place, before):
    path, put = place
    if before:
        put(before)
    with pytest.raises(Changed):
        act(path, before, expects(before, lambda number: None if number else put(FOREIGN)))
    assert path.read_bytes() == FOREIGN
    assert names(path) == ["file"]


def test_a_file_that_is_changed_in_place_after_the_check_stays(place):
    path, put = place
    put(OURS)
    with pytest.raises(Changed):
        act(path, OURS, expects(OURS, lambda number: None if number else path.write_bytes(FOREIGN)))
    assert path.read_bytes() == FOREIGN
    assert names(path) == ["file"]


@pytest.mark.parametrize("before", [OURS, NEW], ids=["old", "removed"])
def test_the_latest_of_two_files_stays(place, before):
    path, put = place
    put(before)
    with pytest.raises(Changed):
        act(path, before, expects(before, lambda number: put([FOREIGN, LATER][number])))
    assert path.read_bytes() == LATER
    assert names(path) == ["file"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EXDEV])
@pytest.mark.parametrize("before", [None, OURS], ids=["new", "old"])
def test_without_links_and_swaps_a_rename_remains(place, monkeypatch, before, number):
    path, put = place
    if before:
        put(before)

    def fail(*arguments, **options):
        raise OSError(number, "injected")

    monkeypatch.setattr(os, "link", fail)
    monkeypatch.setattr(atomic_exchange, "_swap", lambda *arguments: False)
    act(path, before, expects(before))
    assert path.read_bytes() == NEW
    with pytest.raises(Changed):
        act(path, OURS, expects(OURS))
    assert path.read_bytes() == NEW


def test_a_file_system_that_ignores_the_flag(place, monkeypatch):
    path, put = place
    put(OURS)

    def swap(directory, one, other):
        os.rename(one, other, src_dir_fd=directory, dst_dir_fd=directory)
        return True

    monkeypatch.setattr(atomic_exchange, "_swap", swap)
    act(path, OURS, expects(OURS))
    assert path.read_bytes() == NEW
    assert names(path) == ["file"]


@BEFORE
def test_no_file_of_another_program_is_lost_in_a_race(place, before):
    path, put = place
    moments = random.Random(17)
    for _race in range(100):
        path.unlink(missing_ok=True)
        if before:
            put(before)
        delay = moments.uniform(0, 0.001)

        def write(delay=delay):
            time.sleep(delay)
            put(FOREIGN)

        other = threading.Thread(target=write)
        other.start()
        with contextlib.suppress(Changed, FileNotFoundError):
            act(path, before, expects(before))
        other.join()
        assert path.read_bytes() == FOREIGN
        assert names(path) == ["file"]
