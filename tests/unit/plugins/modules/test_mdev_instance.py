# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.modules import mdev_instance

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
ONE = {"instances": [{"type": "mtty-1", "parent": "mtty", "uuid": UUID}]}


def test_change_second_run_check_and_diff(simulated, run_module):
    host = simulated("mtty")
    predicted = run_module(mdev_instance, ONE, host, check_mode=True)
    assert host.devices() == {}
    result = run_module(mdev_instance, ONE, host)
    assert result == predicted
    assert (result["changed"], result["created"]) == (True, [UUID])
    assert result["diff"] == {"before": {}, "after": {"mtty": {UUID: "Single port serial, created at boot"}}}
    again = run_module(mdev_instance, ONE, host)
    assert (again["changed"], again["kept"]) == (False, [UUID])
    assert run_module(mdev_instance, ONE, host, check_mode=True) == again


def test_refusal_is_one_message_with_all_problems(simulated, run_module):
    host = simulated("mtty")
    wrong = {"instances": [{"type": "mtty-9"}, {"type": "mtty-1", "count": "25"}, {"type": "mtty-1", "parent": "x"}]}
    result = run_module(mdev_instance, wrong, host)
    assert result["failed"]
    assert result["msg"].startswith("Nothing was changed: instances[0]: there is no type mtty-9. mtty has ")
    assert len(result["problems"]) == 2
    assert host.devices() == {}


def test_wrong_values_are_refused_before_the_host_is_looked_at(run_module):
    wrong = {"instances": [{"type": "mtty-1", "uuid": "x"}, {"count": "0"}], "host_root": "/no/such/root"}
    result = run_module(mdev_instance, wrong)
    assert len(result["problems"]) == 3


@pytest.mark.parametrize("value", [0, -1, 1e30, True, "", "soon", "inf", "nan", "1_0", "\uff14", [], {}])
def test_numbers_that_are_none(run_module, value):
    wrong = {"instances": [{"type": "mtty-1", "numa_node": value or -1}], "timeout": value}
    problems = run_module(mdev_instance, wrong)["problems"]
    assert [problem.split(",")[0] for problem in problems] == [
        "instances[0]: numa_node must be a whole number from 0 to 1023",
        "timeout must be a number of seconds from 0.1 to 86400",
    ]


def test_partial_failure_says_what_was_done(simulated, run_module):
    host = simulated("mtty")
    host.kernel.faults.fail("*/create", 5, operations=("write",), skip=1)
    result = run_module(mdev_instance, {"instances": [{"type": "mtty-1", "count": "2"}]}, host)
    assert result["failed"] is True
    assert len(result["failures"]) == 1
    assert (result["changed"], len(result["created"])) == (True, 1)
    assert "EIO" in result["msg"]


def test_root_that_does_not_exist(run_module):
    result = run_module(mdev_instance, {**ONE, "host_root": "/no/such/root"})
    assert result == {"failed": True, "msg": "/no/such/root is not the root of a host: it has no directory sys"}


@pytest.mark.parametrize("options", [{"instances": [{"type": "x", "colour": 1}]}, {"state": "started", **ONE}, {}])
def test_unknown_options(run_module, options):
    assert run_module(mdev_instance, options)["failed"]


def test_documentation_has_the_very_fields_that_are_returned(simulated, run_module):
    host = simulated("mtty")
    created = run_module(mdev_instance, {"instances": [{"type": "mtty-1", "count": "2"}]}, host)["created"]
    host.kernel.hold(created[0])
    options = {"instances": [{"type": "mtty-2", "parent": "mtty"}], "exact": True, "on_busy": "skip"}
    result = run_module(mdev_instance, options, host)
    documented = yaml.safe_load(mdev_instance.RETURN)
    assert set(result) - {"changed", "diff"} == set(documented)
    assert set(result["instances"][0]) == set(documented["instances"]["contains"])
    assert set(result["busy"][0]) == set(documented["busy"]["contains"])
