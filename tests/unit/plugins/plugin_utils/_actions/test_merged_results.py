# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that work that stops after each step has the same result as work without a stop."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import merged_results
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

T4, SECOND_T4 = "0000:3b:00.0", "0000:af:00.0"
MTTY = ["mtty-1", "mtty-2"]
KINDS = {
    "t4": ([T4, SECOND_T4, None], ["GRID T4-2B", "GRID T4-4Q", "GRID T4-1B"]),
    "mtty": (["mtty", None], MTTY),
    "mixed": ([None, T4, "0000:c1:00.0"], ["GRID T4-2Q", "GRID T4-4Q", "NVIDIA A40-4Q"]),
    "l40s": (["0000:84:00.0", "0000:c4:00.0", None], ["NVIDIA L40S-8Q", "NVIDIA L40S-24Q"]),
}


def in_parts(run):
    """Run a module with no time, so that each call does one step; return the merged result and the number of calls."""
    merged = None
    for number in range(1, 1000):
        part = run()
        progress = part.pop("progress", None)
        merged = merged_results.merge(merged, part)
        if progress is None:
            return merged, number
        assert progress["left"] >= 0
    raise AssertionError("it does not end")


def calls(profile):
    """Generate one entry with a preference, or two without, where it does not matter which entry counts a device."""
    parents, kinds = KINDS[profile]

    def entries(number, most):
        entry = {
            "type": st.lists(st.sampled_from(kinds), min_size=1, max_size=most, unique=True),
            "parent": st.sampled_from(parents),
            "count": st.sampled_from(["1", "2", "4", "max"]),
        }
        return st.lists(st.fixed_dictionaries(entry), min_size=number, max_size=number)

    options = {
        "exact": st.booleans(),
        "placement": st.sampled_from(["spread", "pack"]),
        "persist": st.booleans(),
        "on_busy": st.just("skip"),
        "state": st.sampled_from(["present", "present", "present", "absent"]),
    }
    call = st.tuples(entries(1, 2) | entries(2, 1), st.fixed_dictionaries(options))
    return st.tuples(st.just(profile), st.lists(call, min_size=1, max_size=3))


def converge(host, call, **more):
    entries, options = call
    if options["state"] == "absent":
        entries = [{key: value for key, value in entry.items() if key != "count"} for entry in entries]
        options = {**options, "exact": False}
    return host.converge(*entries, **options, **more)


def of_any_entry(result):
    """Remove the entry: if two entries want the same, a device may count for either."""
    return {**result, "instances": [{**one, "item": None} for one in result["instances"]]}


def kinds_of(host):
    return Counter(kind for _parent, kind in host.devices().values())


@settings(max_examples=60, phases=(Phase.generate,))
@given(st.sampled_from(sorted(KINDS)).flatmap(calls))
def test_any_devices_cut_after_each_step(case):
    profile, sequence = case
    whole, cut = Simulated(profile), Simulated(profile)
    for call in sequence:
        try:
            expected = converge(whole, call)
        except Refused as refused:
            with pytest.raises(Refused) as error:
                converge(cut, call, budget=0)
            assert error.value.problems == refused.problems
            continue
        result, _number = in_parts(lambda call=call: converge(cut, call, budget=0))
        assert converge(cut, call)["changed"] is False
        if len({entry["parent"] for entry in call[0]}) > 1:
            # Devices on any parent may move, next to those on a certain card; later calls then see different hosts.
            assert kinds_of(cut) == kinds_of(whole)
            return
        assert of_any_entry(result) == of_any_entry(expected)
        for state in ("active", "defined"):
            assert cut.devices(state) == whole.devices(state)


@pytest.mark.parametrize("persist", [True, False])
def test_what_goes_is_not_restored_at_boot_wherever_the_work_is_cut(persist):
    host = Simulated("l40s")
    entry = {"type": "NVIDIA L40S-8Q", "parent": "0000:84:00.0"}
    host.converge({**entry, "count": "4"}, exact=True)
    in_parts(lambda: host.converge({**entry, "count": "1"}, exact=True, persist=persist, budget=0))
    record = json.loads(host.root().read("etc/vfio-devices/mdev_instance/0000:84:00.0.json"))
    assert [instance["address"] for instance in record["instances"]] == [*host.devices()]
