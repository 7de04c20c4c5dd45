# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_definitions_of_mdevctl(simulated):
    host = simulated("mtty")
    definition = b'{"mdev_type": "mtty-2", "start": "auto", "attrs": [{"a": "1"}, {"a": "2"}]}'
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", definition)
    host.files.replace(f"etc/mdevctl.d/mtty/{OTHER}", b'{"mdev_type": "mtty-1", "start": "manual"}')
    host.files.replace("etc/mdevctl.d/mtty/README", b"not a definition")
    host.create("mtty", "mtty-2", UUID)
    facts = host.facts()
    devices = by("uuid", facts["devices"])
    assert (devices[UUID]["state"], devices[UUID]["autostart"]) == ("active", True)
    assert devices[UUID]["attributes"] == [{"a": "1"}, {"a": "2"}]
    assert (devices[OTHER]["state"], devices[OTHER]["autostart"]) == ("defined", False)
    assert (devices[OTHER]["type"], devices[OTHER]["type_name"]) == ("mtty-1", "Single port serial")
    assert facts["warnings"] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"mdev_type": "a", "attrs": 3}',
        b'{"mdev_type": "a", "attrs": [1]}',
        b"[" * 9999,
    ],
)
def test_a_definition_that_is_none_is_told(simulated, content):
    host = simulated("mtty")
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", content)
    facts = host.facts()
    assert facts["devices"] == []
    (warning,) = facts["warnings"]
    assert warning.startswith(f"etc/mdevctl.d/mtty/{UUID} is no definition of mdevctl")
