# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import long_work


class Clock:
    """Each call advances the time by 10.5 seconds."""

    now = 0.0

    def monotonic(self):
        self.now += 10.5
        return self.now


@pytest.fixture
def act(monkeypatch):
    """Run an action whose module returns the given parts; return its result, and record output and calls."""
    lines, calls = [], []
    monkeypatch.setattr(long_work, "print_line", lines.append)
    monkeypatch.setattr(long_work, "time", Clock())
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})

    def run(parts, variables=None, in_background=0):
        action = long_work.WorkInParts.__new__(long_work.WorkInParts)
        action.THINGS = "devices"
        action._task = types.SimpleNamespace(args={"exact": True}, async_val=in_background, environment=[{"A": "b"}])
        action._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(env_prefix=dict))
        action._templar = types.SimpleNamespace(template=lambda value: value)
        answers = iter(parts)

        def execute(module_args=None, **more):
            seen = {}
            assert action._compute_environment_string(seen) == seen
            calls.append({"module_args": module_args, "environment": seen, **more})
            return {**next(answers), "invocation": {"module_args": dict(module_args or {})}}

        action._execute_module = execute
        return action.run(None, {"inventory_hostname": "compute7", **(variables or {})})

    run.lines, run.calls = lines, calls
    return run


def part(done=None, left=None, **fields):
    progress = {} if done is None else {"progress": {"done": done, "left": left}}
    return {"changed": True, "instances": [], "diff": {"before": {}, "after": {}}, **progress, **fields}


def test_short_work_is_one_call_without_a_word(act):
    result = act([part()])
    assert (act.lines, len(act.calls)) == ([], 1)
    assert result["invocation"] == {"module_args": {"exact": True}}
    assert act.calls[0]["environment"] == {"A": "b", "VFIO_DEVICES_BUDGET": "10.0"}


def test_long_work_is_told(act):
    result = act([part(40, 88), part(50, 38), part()])
    assert act.lines == ["compute7: 40 of 128 devices after 10 s", "compute7: 90 of 128 devices after 21 s"]
    assert "progress" not in result


def test_work_that_somebody_undoes_comes_to_an_end(act):
    act([part(3, 5), part(3, 5), part()])
    assert [call["environment"].get("VFIO_DEVICES_BUDGET") for call in act.calls] == ["10.0", "10.0", None]


@pytest.mark.parametrize(("variables", "in_background"), [({"vfio_progress_interval": "0"}, 0), ({}, 60)])
def test_in_the_background_and_when_unwanted_nothing_is_told(act, variables, in_background):
    act([part()], variables, in_background)
    assert (act.calls[0]["module_args"], act.calls[0]["environment"]) == (None, {"A": "b"})
    assert act.calls[0]["wrap_async"] == in_background


@pytest.mark.parametrize("value", ["soon", "-1", True, None, "nan", "inf", []])
def test_an_interval_that_is_none_is_refused(act, value):
    sentence = "Nothing was changed: vfio_progress_interval must be .* Set vfio_progress_interval: 0 for no progress"
    with pytest.raises(AnsibleActionFail, match=sentence):
        act([], {"vfio_progress_interval": value})
    assert act.calls == []
