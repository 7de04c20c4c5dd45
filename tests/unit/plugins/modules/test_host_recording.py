# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.modules import host_recording
from ansible_collections.vfio.devices.tests.simhost import SimHost, plain


def test_recording(run_module, tmp_path):
    plain.write(SimHost("t4"), tmp_path)
    result = run_module(host_recording, {"host_root": str(tmp_path)}, check_mode=True)
    assert (result["changed"], result["size"]) == (False, len(result["recording"].encode()))
    assert run_module(host_recording, {"host_root": str(tmp_path)})["recording"] == result["recording"]


def test_bad_options(run_module, tmp_path):
    assert "timeout" in run_module(host_recording, {"timeout": "soon"})["msg"]
    assert "is not the root of a host" in run_module(host_recording, {"host_root": str(tmp_path)})["msg"]
