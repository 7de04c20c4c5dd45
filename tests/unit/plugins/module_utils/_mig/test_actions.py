# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test steps that fail, or that have another effect than nvidia-smi reports."""

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._mig import actions, job
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_processes import add_process
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._mig.layouts import (
    A100,
    H200,
    RECORD,
    changes,
    converge,
    layout,
)


def test_mode_that_waits_for_a_reset(host):
    host.kernel.nvidia_smi.used.add(A100)
    result = converge(host, {"1g.5gb": 7}, pf=A100)
    assert result["gpus"][0]["action"] == "failed"
    remedy = (
        f"MIG is enabled after a reset of {A100}. Stop the users of the GPU, then run nvidia-smi --gpu-reset "
        f"-i {A100}, or reboot the host, and run the play again"
    )
    assert result["failures"] == [f"{A100}: {remedy}"]
    with pytest.raises(Refused, match="after a reset of"):
        converge(host, {"1g.5gb": 7}, pf=A100)
    host.kernel.reboot()
    assert len(layout(converge(host, {"1g.5gb": 7}, pf=A100))) == 7


def test_success_that_is_none(host):
    host.kernel.nvidia_smi.deaf.add(H200)
    result = converge(host, {"1g.18gb": 1})
    assert result["failures"] == [
        f"{H200}: nvidia-smi reported success for {H200}, but has not enabled MIG: "
        f"Enabled MIG Mode for GPU 0000{H200.upper()} All done."
    ]


def test_failure_in_the_middle_brings_back_what_was_removed(host):
    converge(host, {"1g.18gb": 2})
    # Only the profile of the new instance fails, not that of the restored ones.
    host.tools.failures[f"nvidia-smi mig -i {H200} -cgi 5:"] = "Unable to create a GPU instance: Insufficient Resources"
    result = converge(host, {"4g.71gb": 1})
    assert result["gpus"][0]["action"] == "restored"
    assert layout(result) == [("1g.18gb", 0, 1), ("1g.18gb", 1, 1)]
    assert json.loads(host.files.read(RECORD))["gpu"]["layout"] == {"1g.18gb": 2}
    host.tools.failures.clear()
    assert layout(converge(host, {"4g.71gb": 1})) == [("4g.71gb", 0, 1)]


def test_user_that_comes_between_plan_and_step(host, monkeypatch):
    converge(host, {"1g.18gb": 2})
    host.kernel.tree.add(f"proc/driver/nvidia/gpus/{H200}/information", Attribute(b"Device Minor: \t 0\n"))
    check = job.record_space.check

    def come(*arguments, **options):
        add_process(host.kernel.tree, 70, "/dev/nvidia0")
        return check(*arguments, **options)

    monkeypatch.setattr(job.record_space, "check", come)
    calls = len(changes(host))
    result = converge(host, {})
    assert result["gpus"][0]["action"] == "failed" and len(changes(host)) == calls
    assert "is in use by pid 70" in result["failures"][0]
    assert len(layout(result)) == 2


def test_an_instance_that_is_not_there_again_is_no_restoration(host, monkeypatch):
    converge(host, {"1g.18gb": 1})

    def create(door, address, profile_id, start, compute):
        if profile_id == 5:
            raise HostError("Insufficient Resources", "nvidia-smi")

    monkeypatch.setattr(actions.mig, "create", create)
    result = converge(host, {"4g.71gb": 1})
    assert result["gpus"][0]["action"] == "failed"
    assert (
        "Insufficient Resources. The removed instances and vGPUs could not be created again: nvidia-smi reported"
        in (result["failures"][0])
    )


def test_failure_brings_back_vgpus_with_their_instances(simulated):
    host = simulated("a100")
    converge(host, {"1g.5gb": 4}, pf=H200)
    vgpus = {"0000:41:00.4": ("0000:41:00.4", "474"), "0000:41:00.5": ("0000:41:00.5", "474")}
    for address in vgpus:
        host.converge({"type": "NVIDIA A100-1-5C", "parent": address, "count": 1})
    host.tools.failures[f"nvidia-smi mig -i {H200} -cgi 14:"] = "Insufficient Resources"
    result = converge(host, {"2g.10gb": 2}, pf=H200, replace=True)
    assert result["gpus"][0]["action"] == "failed"
    assert result["gpus"][0]["done"][-1] == "created vGPU 0000:41:00.5 (NVIDIA A100-1-5C) again, without its attributes"
    assert layout(result) == [("1g.5gb", start, 1) for start in range(4)]
    assert host.devices() == vgpus
