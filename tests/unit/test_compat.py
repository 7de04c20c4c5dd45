# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the environments of tests/compat.py, which test processes share."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import stat

from ansible_collections.vfio.devices.tests import compat

# As venv, it refuses an incomplete environment; it writes each call to a file.
VENV = """#!/bin/sh
echo "$3" >>"{calls}"
mkdir "$3" && sleep 0.3 && mkdir "$3/bin" && ln -s /bin/true "$3/bin/python"
"""


def test_processes_that_need_the_same_environment_create_it_once(tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    python = tmp_path / "python"
    python.write_text(VENV.format(calls=calls))
    python.chmod(stat.S_IRWXU)
    monkeypatch.setattr(compat, "PLACE", tmp_path / "compat")
    fork = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=fork) as pool:
        found = [pool.submit(compat.environment, "core", str(python), "core-2.16") for turn in range(3)]
        paths = {one.result(timeout=30)["PATH"].partition(":")[0] for one in found}
    assert paths == {f"{tmp_path}/compat/core/bin"}
    assert calls.read_text().splitlines() == [f"{tmp_path}/compat/core"]
