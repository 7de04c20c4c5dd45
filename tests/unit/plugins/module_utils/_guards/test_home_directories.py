# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

from ansible_collections.vfio.devices.plugins.module_utils._guards import home_directories
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

ANN, EVE = "home/ann", "home/eve"
PASSWD = f"bob:x:1:1::/srv/people/bob:/bin/sh\nann:x:2:2::/{ANN}:/bin/sh\nx:x:9:9::/:/bin/sh\nbroken\n"


def test_homes(simulated):
    root = simulated("empty", files={"etc/passwd": PASSWD, f"{EVE}/x": "", f"{ANN}/x": ""}).root()
    assert home_directories.homes(root) == ["root", ANN, EVE, "srv/people/bob"]


def test_home_that_a_read_would_mount_is_not_read(simulated):
    host = simulated("empty", files={"etc/passwd": PASSWD, f"{EVE}/x": "", f"{ANN}/x": ""})
    mounts = f"auto.home /home autofs rw 0 0\nauto /srv/people/bob autofs rw 0 0\nnas:/{ANN} /{ANN} nfs4 rw 0 0\n"
    host.kernel.tree.add("proc/1/mounts", Attribute(f"/dev/sda1 / ext4 rw 0 0\n{mounts}".encode()))
    assert home_directories.homes(host.root()) == ["root", ANN]


def test_directory_of_homes_that_a_read_would_mount_is_not_listed(simulated):
    host = simulated("empty", files={f"{EVE}/x": "", f"{ANN}/x": ""})
    mounts = f"systemd-1 /home autofs rw,direct 0 0\nnas:/{ANN} /{ANN} nfs4 rw 0 0\n"
    host.kernel.tree.add("proc/1/mounts", Attribute(mounts.encode()))
    host.kernel.faults.fail("home", errno.EIO)
    root = host.root()
    assert (home_directories.homes(root), root.warnings) == (["root", ANN], [])


def test_only_a_home_that_does_not_answer_is_reported(simulated):
    host = simulated("empty", files={f"{EVE}/x": ""})
    host.kernel.faults.fail(EVE, errno.EACCES)
    root = host.root()
    with root.collecting() as outer:
        with home_directories.reading(root, "files"):
            assert root.names(EVE) == []
        assert (root.warnings, outer) == ([], {})
        host.kernel.faults.clear()
        host.kernel.faults.delay(EVE, 100, ("list",))
        with home_directories.reading(root, "files"):
            assert root.names(EVE) == []
        (warning,) = root.warnings
        assert warning.startswith(f"files are unknown: /{EVE} did not answer within 2 s")
        assert outer == {}
