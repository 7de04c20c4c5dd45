# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that a killed or failed run leaves cards that the next run can switch."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.card_switches import (
    CARDS,
    GPUS,
    ICE,
    Killed,
    at_write,
    comparable,
    fail,
    kill,
    undisturbed,
)


def killed_at_every_write(switch, profile, before, wanted):
    """Kill runs at their first, second, ... write, let the next run continue, and return the number of writes."""
    clean = switch(profile)
    clean(before)
    clean(wanted)
    expected = clean.card(wanted["pf"])
    for number in range(1, 100):
        run = switch(profile)
        run(before)
        at_write(run, number, kill)
        try:
            run(wanted)
            return number
        except Killed:
            pass
        undisturbed(run)
        run(wanted)
        assert run.card(wanted["pf"]) == expected, number
        assert not run(wanted)["changed"]
    raise AssertionError


@pytest.mark.parametrize(("profile", "pf"), [*CARDS, *GPUS])
def test_kill_at_every_write_then_the_next_run_converges(switch, profile, pf):
    before = {"pf": pf, "mode": "vf", "num_vfs": "max" if profile in ("a40", "l40s") else "3"}
    for wanted in (
        {"pf": pf, "mode": "pf"},
        {"pf": pf, "mode": "vf", "num_vfs": "0" if profile in ("a40", "l40s") else "2", "vf_driver": "vfio-pci"},
    ):
        assert killed_at_every_write(switch, profile, before, wanted) > 4


@pytest.mark.parametrize("before", [{}, {"num_vfs": "2"}, {"drivers_autoprobe": False}])
@pytest.mark.parametrize("autoprobe", [None, True, False])
@pytest.mark.parametrize(
    "wanted",
    [
        {"vf_driver": "vfio-pci"},
        {"vf_driver": "none", "vfs": [{"index": "0", "driver": "vfio-pci"}, {"index": "1", "driver": "default"}]},
        {"vfs": [{"index": "1", "mac": "52:54:00:aa:00:01", "vlan": 7}]},
    ],
)
def test_kill_while_virtual_functions_are_made_without_a_driver(switch, wanted, before, autoprobe):
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "3", **wanted, "drivers_autoprobe": autoprobe}
    assert killed_at_every_write(switch, "nics", {"pf": ICE, "mode": "vf", **before}, entry) > 3


@pytest.mark.parametrize("autoprobe", [None, True, False])
@pytest.mark.parametrize("before", ["0", "2"])
def test_new_virtual_functions_meet_no_driver_but_the_wanted_one(switch, probes, before, autoprobe):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": before})
    probes.clear()
    entry = {
        "pf": ICE,
        "mode": "vf",
        "num_vfs": "5",
        "vf_driver": "vfio-pci",
        "drivers_autoprobe": autoprobe,
        "vfs": [{"index": "1", "driver": "none"}, {"index": "2", "driver": "default", "trust": True}],
    }
    predicted = run(entry, check=True)
    assert comparable(predicted) == comparable(run(entry))
    card = run.card(ICE)
    assert card["autoprobe"] is (autoprobe is not False)
    assert not card["autoprobe_off"]
    native = ["iavf"] if autoprobe is not False else []
    expected = {0: ["vfio-pci"], 1: [], 2: native, 3: ["vfio-pci"], 4: ["vfio-pci"]}
    assert {index: probes.get(one[0], []) for index, one in card["virtual"].items()} == expected
    assert not run(entry)["changed"]


def test_autoprobe_of_before_comes_back_when_virtual_functions_fail(switch):
    run = switch("nics")
    run.host.kernel.drivers["ice"].limit = 4
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "8", "vf_driver": "vfio-pci"})
    assert result["functions"][0]["action"] == "restored"
    card = run.card(ICE)
    assert (card["autoprobe"], card["autoprobe_off"], card["virtual"]) == (True, False, {})


WANTED = st.one_of(
    st.fixed_dictionaries({"mode": st.just("pf"), "driver": st.sampled_from([None, "native"])}),
    st.fixed_dictionaries(
        {
            "mode": st.just("vf"),
            "num_vfs": st.sampled_from(["0", "1", "2", "5", "max"]),
            "vf_driver": st.sampled_from([None, "vfio-pci", "none", "default"]),
            "drivers_autoprobe": st.sampled_from([None, None, False, True]),
        }
    ),
    st.fixed_dictionaries(
        {
            "mode": st.just("vf"),
            "num_vfs": st.sampled_from(["1", "3"]),
            "vf_driver": st.sampled_from([None, "vfio-pci"]),
            "vfs": st.sampled_from([[{"index": "0", "driver": name}] for name in ("vfio-pci", "none", "default")]),
        }
    ),
)


GPU_WANTED = st.one_of(
    st.just({"mode": "pf"}),
    st.fixed_dictionaries({"mode": st.just("vf"), "num_vfs": st.sampled_from(["0", "max"])}),
)


def faulty(wanted):
    """Generate switches, each with the write that fails (0: none), and whether all later ones fail too."""
    return st.lists(st.tuples(wanted, st.integers(0, 14), st.booleans()), min_size=2, max_size=4)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.tuples(st.sampled_from(CARDS), faulty(WANTED)), st.tuples(st.sampled_from(GPUS), faulty(GPU_WANTED)))
)
def test_after_a_fault_a_card_is_as_wanted_or_as_it_was_and_the_result_says_which(switch, drawn):
    (profile, pf), modes = drawn
    run = switch(profile)
    for wanted, number, lasting in modes:
        entry = {"pf": pf, **wanted}
        before = run.card(pf)
        counted = at_write(run, number, fail)
        if lasting:
            counted._count = broken_from(counted, number)
        result = run(entry)
        undisturbed(run)
        (function,) = result["functions"]
        after = run.card(pf)
        if function["action"] == "restored":
            assert after == before
            assert ". The card has its previous state," in function["error"]
        elif function["action"] == "failed":
            assert lasting
            assert (
                f"driver {after['driver'] or 'none'}, driver_override {after['driver_override'] or 'unset'}"
                in (function["error"])
            )
        else:
            assert function["error"] is None
            assert not run(entry, check=True)["changed"]
        run(entry)
        assert not run(entry)["changed"]
        assert run.card(pf)["driver"] is not None


def broken_from(counted, number):
    def count():
        counted.writes += 1
        if number and counted.writes >= number:
            fail()

    return count
