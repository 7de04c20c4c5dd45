# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._run.recheck import FRESH, Watch


def test_what_was_seen_is_believed_for_a_while(simulated):
    host = simulated("empty")
    looks = iter("abc")
    watch = Watch(host.root(), lambda: next(looks))
    seen = []
    for _step in range(5):
        seen.append(watch.now())
        host.files.pause(FRESH / 2)
    assert seen == [None, None, "a", "a", "b"]
