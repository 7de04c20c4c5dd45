# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vfio.devices.plugins.lookup.lost_connection import LookupModule

LOST = {"vfio_observed": {"unreachable": True, "msg": "no route"}}


def test_the_sentences_are_returned():
    assert LookupModule().run([], LOST) == ["The host is unreachable: no route"]
    assert LookupModule().run([], {}, fail=True) == []


def test_a_lost_host_fails():
    with pytest.raises(AnsibleError, match="^The host is unreachable: no route$"):
        LookupModule().run([], LOST, fail=True)
