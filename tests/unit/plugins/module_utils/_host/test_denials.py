# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import denials as _denials


@pytest.mark.parametrize(
    ("user", "advice"),
    [
        (1000, "run as root, outside of containers"),
        (0, "this is root already, so a container or a security module forbids it: run on the host itself"),
    ],
)
def test_sentences(monkeypatch, user, advice):
    monkeypatch.setattr(_denials.os, "geteuid", lambda: user)
    denials = _denials.Denials()
    assert (denials.sentences(), denials.of_processes()) == ([], None)
    for path in ("sys/a", "proc/17/fd/3", "sys/b", "proc/17/fd/4", "proc/21/fd", "sys/a", "proc/22/environ"):
        denials.add(path, "EPERM" if path == "sys/a" else "EACCES")
    of_processes = (
        "cannot see all that process 17 and 1 more has open, and a device that it uses would seem free: "
        f"proc/17/fd/3 gives EACCES; {advice}"
    )
    assert denials.of_processes() == of_processes
    assert denials.sentences() == [f"cannot read sys/a and 2 more: EPERM; {advice}", of_processes]
