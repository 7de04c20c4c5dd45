# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import get_type_hints

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options


def test_the_filter_sets_all_options_that_are_written_down(monkeypatch):
    found = {}
    monkeypatch.setattr(nova, "_settings", lambda plan, options: found.update(options) or ("", []))
    nova.nova_config({"cards": [], "later": []}, "2026.2", libvirt="11.3.0")
    assert set(found) == set(get_type_hints(Options))
    assert (found["release"], found["libvirt"], found["names_fit"]) == (34, (11, 3, 0), True)
