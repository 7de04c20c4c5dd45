# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import parse_gpus
from hypothesis import given
from hypothesis import strategies as st

GPU = {"pf": "0000:41:00.0", "enabled": True, "layout": {}, "compute_instances": True, "label": None}
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


def test_entry():
    (wanted,) = parse_gpus([{**GPU, "pf": "0000:C1:00.0", "layout": {"1g.18gb+me": "1", "3g.71gb": 0}}])
    assert wanted == (0, "gpus[0]", "0000:c1:00.0", True, (("1g.18gb+me", 1),), True, False)


@pytest.mark.parametrize(
    "name", ["1g.18gb", "1g.10gb+me", "1g.24gb+me.all", "1g.24gb-me", "1g.24gb+gfx", "2g.48gb+gfx", "7g.141gb"]
)
def test_names_of_profiles(name):
    assert parse_gpus([{**GPU, "layout": {name: 1}}])[0].layout == ((name, 1),)


@given(st.text(), st.dictionaries(st.one_of(st.text(), st.integers()), ANYTHING, min_size=1))
def test_garbage(address, layout):
    with pytest.raises(Refused):
        parse_gpus([{**GPU, "pf": address + "/", "layout": {"": 1, **layout}}])
