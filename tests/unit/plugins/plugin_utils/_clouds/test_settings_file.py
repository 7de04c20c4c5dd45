# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import settings_file


def test_sections_in_their_order_without_empty_ones():
    text = settings_file.text("nova", {"b": [("k", 1), ("k", "$x")], "none": [], "a": [("k", "2")]})
    assert text.splitlines()[1:] == ["", "[b]", "k = 1", "k = $$x", "", "[a]", "k = 2"]


def test_nothing_is_no_text():
    assert settings_file.text("nova", {}) == settings_file.text("nova", {"a": []}) == ""
