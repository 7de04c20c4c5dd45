# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._capture import archive
from ansible_collections.vfio.devices.plugins.module_utils._capture.tree import Entry
from ansible_collections.vfio.devices.plugins.module_utils._host.ownership import is_ours
from ansible_collections.vfio.devices.tests.recordings import reading
from hypothesis import example, given
from hypothesis import strategies as st

VALUES = st.text(alphabet=st.characters(), max_size=40)
PARTS = st.text(
    alphabet=st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=12
)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        "two words",
        "a\nb",
        " indented\n  more",
        "tab\tand end ",
        '"quoted"',
        "back\\slash",
        "\udcff",
        "\x1b[31m",
        "a\n\nb",
        "\u202e",
    ],
)
def test_any_value_is_read_back(value):
    text = archive.write({"sys/x": {"file": Entry("file", value)}}, {})
    assert reading.parse(text).tree == {"sys/x": {"file": reading.Entry("file", value)}}
    assert "\x1b" not in text
    assert "\u202e" not in text


@given(PARTS, VALUES, st.sampled_from(["file", "link", "error", "number"]))
@example("#", "", "file")
def test_whatever_a_host_says(name, value, kind):
    text = archive.write({"sys/x": {name: Entry(kind, value)}}, {})
    assert reading.parse(text).tree == {"sys/x": {name: reading.Entry(kind, value)}}


def test_commands_and_what_was_not_read():
    tree = {
        "sys/a": {"one": Entry("unread"), "two": Entry("unread")},
        "sys/b": {"one": Entry("unread"), "two": Entry("unread")},
    }
    commands = {'["ip", "a b"]': (1, '{"x": "y"}'), '["devlink"]': (None, "")}
    recording = reading.parse(archive.write(tree, commands))
    assert {directory: sorted(entries) for directory, entries in recording.tree.items()} == {
        "sys/a": ["one", "two"],
        "sys/b": ["one", "two"],
    }
    assert recording.commands == {("ip", "a b"): (1, '{"x": "y"}'), ("devlink",): (None, "")}


def test_the_collection_knows_its_file():
    assert is_ours(archive.write({}, {}).encode())
