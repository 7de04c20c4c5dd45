# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Failed, Refused
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run

MANY = Refused(["first", "second"])


class End(Exception):
    pass


class Module:
    """The part of AnsibleModule that the code uses."""

    def __init__(self):
        self.warnings = []

    def warn(self, warning):
        self.warnings.append(warning)

    def exit_json(self, **result):
        raise End({"failed": False, **result})

    def fail_json(self, **result):
        raise End({"failed": True, **result})


def end(error=None, result=None, **options):
    module = Module()

    def work():
        if error:
            raise error
        return result, ["a warning"]

    with pytest.raises(End) as ended:
        run(module, work, **options)
    return ended.value.args[0], module.warnings


def failed(msg, **result):
    error = Failed(msg)
    error.result = result
    return error


@pytest.mark.parametrize(
    ("error", "options", "expected"),
    [
        (MANY, {}, {"msg": "Nothing was changed: first; second", "problems": ["first", "second"]}),
        (MANY, {"unchanged": None}, {"msg": "first; second"}),
        (Refused(["first", "second"], "two"), {"unchanged": "No"}, {"msg": "No: two", "problems": ["first", "second"]}),
        (Failed("broken"), {}, {"msg": "broken"}),
        (Failed("broken"), {"failed": "No: "}, {"msg": "No: broken"}),
        (failed("broken", changed=True), {}, {"msg": "broken", "changed": True}),
    ],
)
def test_an_error_ends_the_module(error, options, expected):
    assert end(error, **options) == ({"failed": True, **expected}, [])


def test_a_result_comes_with_its_warnings():
    result = {"changed": True, "failures": []}
    assert end(result=result) == ({"failed": False, **result}, ["a warning"])


def test_failures_are_the_message_and_the_result_is_kept():
    result = {"changed": True, "failures": ["one", "another"]}
    assert end(result=result) == ({"failed": True, "msg": "one; another", **result}, ["a warning"])
