# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._host.unreadable_files import Unread


def test_reasons_are_collected_for_files_of_programs():
    unread = Unread()
    with unread.collecting(quiet=False) as outer:
        unread.add("sys/a", "x")
        unread.add("etc/a", "x")
        with unread.collecting(quiet=True) as inner:
            unread.add("home/a", "x")
            assert [unread.is_hidden(path) for path in ("home/a", "sys/a", None)] == [True, False, False]
        assert not unread.is_hidden("home/a")
        assert [unread.decoding(path) for path in ("home/a", "sys/a")] == ["replace", "strict"]
        unread.remove("etc/a")
    assert unread.decoding("home/a") == "strict"
    assert (outer, inner) == ({"etc/a": "x"}, {"home/a": "x"})
    assert unread.sentences == {"sys/a": "x", "home/a": "x"}
