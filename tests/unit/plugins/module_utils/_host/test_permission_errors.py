# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import permission_errors


@pytest.mark.parametrize(
    ("user", "advice"),
    [
        (1000, "Run as root (become: true), outside of containers"),
        # The capture program has neither a module nor a play.
        (0, "A container or a security module such as SELinux denies root this access. Run outside of containers"),
    ],
)
def test_sentences(monkeypatch, user, advice):
    monkeypatch.setattr(permission_errors.os, "geteuid", lambda: user)
    denials = permission_errors.PermissionErrors()
    assert (bool(denials), denials.sentences(9), denials.of_processes(9)) == (False, [], None)
    for path in ("sys/a", "proc/17/fd/3", "sys/b", "proc/17/fd/4", "proc/21/fd", "sys/a", "proc/22/environ"):
        denials.add(path, "EPERM" if path == "sys/a" else "EACCES")
    of_processes = (
        "open files of process 17 and 1 more are unreadable (2 of 9 processes), so a device in use may look free: "
        f"/proc/17/fd/3 gives EACCES. {advice}"
    )
    assert denials.of_processes(9) == of_processes
    assert denials.sentences(9) == [f"cannot read /sys/a and 2 more: EPERM. {advice}", of_processes]


def test_one_hidden_process_does_not_hide_that_the_others_were_seen():
    denials = permission_errors.PermissionErrors()
    denials.add("proc/17/fd", "EACCES")
    assert "process 17 are unreadable (1 of 2000 processes)" in denials.of_processes(2000)
