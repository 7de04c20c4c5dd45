# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._mig import records
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import Wanted
from hypothesis import given
from hypothesis import strategies as st

H200 = "0000:41:00.0"
WANTED = Wanted(0, H200, H200, True, (("1g.18gb", 2),), False)
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.dictionaries(st.text(), st.integers()))


def test_a_record_means_what_was_wanted():
    record = records.record(WANTED, "10de:2335", {"serial": "1"})
    assert records.recorded_layout(H200, record) == WANTED
    assert (record["model"], record["identity"]) == ("10de:2335", {"serial": "1"})


@given(st.dictionaries(st.sampled_from(["pf", "enabled", "layout", "compute_instances"]), ANYTHING, min_size=1))
def test_garbage_is_refused_or_means_something(changes):
    gpu = {**records.record(WANTED, "", {})["gpu"], **changes}
    try:
        wanted = records.recorded_layout(H200, {"gpu": gpu})
    except Refused as refused:
        assert H200 in refused.problems[0]
    else:
        assert wanted.pf == H200
