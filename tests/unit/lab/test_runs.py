# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the soak test and the comparison run the same code as the modules."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.modules import mdev_instance, sriov_pf_mode
from ansible_collections.vfio.devices.tests.lab import runs


def test_options_are_those_of_the_modules() -> None:
    assert set(runs.INSTANCE) == set(mdev_instance.INSTANCE)
    assert {"pf", "mode", *runs.FUNCTION} == set(sriov_pf_mode.FUNCTION)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"changed": True, "failures": []}, None),
        ({"changed": False, "failures": []}, "there was nothing to do"),
        ({"changed": True, "failures": ["one broke", "two broke"]}, "one broke; two broke"),
        (Refused(["in use"]), "in use"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_end_of_a_run(result: object, said: str | None) -> None:
    def run() -> dict[str, object]:
        if isinstance(result, dict):
            return result
        assert isinstance(result, Exception)
        raise result

    if said is None:
        runs._in_a_process(run)
    else:
        with pytest.raises(runs.Failed, match=said):
            runs._in_a_process(run)
