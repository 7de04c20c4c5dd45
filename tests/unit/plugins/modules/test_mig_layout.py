# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.modules import mig_layout

H200 = "0000:41:00.0"


@pytest.fixture
def run(simulated, run_module):
    host = simulated("h200")

    def one(*gpus, check=False, **options):
        return run_module(mig_layout, {"gpus": list(gpus), **options}, host, check_mode=check)

    one.host = host
    return one


def test_result(run):
    entry = {"pf": H200.upper(), "layout": {"1g.18gb": "2"}}
    assert run(entry, check=True)["changed"]
    result = run(entry)
    documented = yaml.safe_load(mig_layout.RETURN)["gpus"]["contains"]
    assert set(result) == {"changed", "gpus", "failures", "diff"}
    assert set(result["gpus"][0]) == set(documented)
    for moment in ("before", "after"):
        assert set(result["gpus"][0][moment]) == set(documented[moment]["contains"])
    assert set(result["gpus"][0]["after"]["instances"][0]) == set(
        documented["after"]["contains"]["instances"]["contains"]
    )
    assert not run(entry)["changed"]


@pytest.mark.parametrize(
    ("gpu", "sentence"),
    [
        ({"pf": "41:00.0", "layout": {}}, "gpus[0]: '41:00.0' is not a PCI address such as '0000:3b:00.0'"),
        (
            {"pf": H200},
            "gpus[0]: layout is missing. Name the profiles, such as {1g.18gb: 4}. {} means no GPU instances",
        ),
        (
            {"pf": H200, "enabled": False, "layout": {"1g.18gb": 1}},
            "gpus[0]: layout has profiles, but enabled is false. Leave layout out, or set enabled: true",
        ),
        (
            {"pf": H200, "layout": {"MIG 1g.18gb": 1}, "label": "profile ml"},
            "profile ml: 'MIG 1g.18gb' is not a MIG profile such as '1g.18gb'. See nvidia-smi mig -lgip",
        ),
        *(
            (
                {"pf": H200, "layout": {"1g.18gb": value}},
                "gpus[0]: layout.1g.18gb must be a whole number from 0 to 64, and not ",
            )
            for value in (-1, 65, 1.5, True, None, "", "two", "\u0663", [], 10**30)
        ),
        ({"pf": H200, "layout": {"../../x": 1}}, "gpus[0]: '../../x' is not a MIG profile"),
        ({"pf": H200, "layout": {"1g.18gb -i 0": 1}}, "gpus[0]: '1g.18gb -i 0' is not a MIG profile"),
    ],
)
def test_refused_options(run, gpu, sentence):
    result = run(gpu)
    assert result["failed"] and result["msg"].startswith(f"Nothing was changed: {sentence}")
    assert not run.host.tools.calls


def test_gpu_in_two_entries(run):
    result = run({"pf": H200, "layout": {}}, {"pf": H200, "enabled": False, "label": "profile ml"})
    assert result["problems"] == [f"profile ml: {H200} is in gpus[0] as well. Name each GPU once"]


def test_failure_says_what_was_done(run):
    run.host.tools.failures[f"nvidia-smi mig -i {H200} -cgi 19:1"] = "Unknown Error"
    result = run({"pf": H200, "layout": {"1g.18gb": 2}})
    assert result["failed"] and result["changed"]
    assert result["gpus"][0]["done"] == ["enabled MIG", "created a GPU instance 1g.18gb at memory slice 0"]
    assert "Unknown Error" in result["msg"]
    run.host.tools.failures.clear()
    assert run({"pf": H200, "layout": {"1g.18gb": 2}})["gpus"][0]["done"] == [
        "created a GPU instance 1g.18gb at memory slice 1"
    ]
