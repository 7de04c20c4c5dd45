# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.tests.docsite import writable


def test_guide_shows_the_list_of_the_code():
    guide = writable.GUIDE.read_text(encoding="utf-8")
    assert writable.shown(guide) == writable.table(), "run python -m tests.docsite.writable"


def test_old_list_is_replaced():
    guide = f"a\n\n{writable.BEGIN}old\n{writable.END}\nb\n"
    assert writable.shown(writable.renewed(guide)) == writable.table()
    assert writable.renewed(guide).endswith(f"{writable.END}\nb\n")
