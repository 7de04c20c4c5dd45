# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.undeclared_types import FilterModule

undeclared_types = FilterModule().filters()["undeclared_types"]


def card(type_id=None, *offered, **more):
    parents = [{"type": one} for one in offered]
    return {"type": type_id and {"id": type_id}, "next_type": None, "parents": parents, **more}


@pytest.mark.parametrize(
    ("cards", "types"),
    [
        ([], []),
        ([card(), card("a", "a")], []),
        # A card in mode vf whose parents have devices of several types.
        ([card("a", "a", "c", "b")], ["b", "c"]),
        # The same type is declared for another card.
        ([card("a", "b"), card("b")], []),
        ([card(None, "a", "b", "c", shares=[{"type": {"id": "a"}}, {"type": {"id": "b"}}])], ["c"]),
        ([card("a", "a", next_type={"id": "b"})], ["a"]),
    ],
)
def test_types_that_no_profile_declares(cards, types):
    assert undeclared_types({"cards": cards}) == types


def test_what_is_no_plan():
    with pytest.raises(AnsibleFilterError, match="undeclared_types needs a plan"):
        undeclared_types([])
