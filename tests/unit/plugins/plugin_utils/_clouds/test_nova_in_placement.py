# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the rules; ``tests/integration/nova/test_others.py`` compares such files with the real nova."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_in_placement
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_spec import Function

CARD = Function("0000:99:00.0", "0000:99:00.0", "8086", "1592", True, ())
FIRST = Function("0000:99:01.0", "0000:99:00.0", "8086", "1889", False, ())
SECOND = FIRST._replace(address="0000:99:01.1")
NETWORK = {"physical_network": "a"}


@pytest.mark.parametrize(
    ("assigned", "words"),
    [
        ({CARD: {}}, None),
        ({FIRST: {}, SECOND: {}}, None),
        ({CARD: {}, FIRST: {}}, "both 0000:99:00.0 of no profile and its virtual functions"),
        ({CARD: NETWORK, FIRST: {}}, None),
        ({FIRST: {"resource_class": "CUSTOM_A"}, SECOND: {}}, "different values of resource_class or traits"),
        ({FIRST: {"traits": "A, B"}, SECOND: {"traits": "b,a"}}, None),
        ({FIRST: {"traits": "A"}, SECOND: {"traits": "A,B"}}, "different values of resource_class or traits"),
        ({FIRST: {"traits": "A"}, SECOND: {"traits": "A,B", **NETWORK}}, None),
        ({FIRST: {"one_time_use": "False"}}, "one_time_use for virtual functions of 0000:99:00.0"),
        ({CARD: {"one_time_use": "True"}}, None),
    ],
)
def test_cards_that_nova_cannot_report(assigned, words):
    found = list(nova_in_placement.of_specs({one: (tags, "/etc/nova/nova.conf") for one, tags in assigned.items()}))
    assert len(found) == (words is not None)
    assert not words or words in found[0] and "/etc/nova/nova.conf" in found[0]
