# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

from ansible_collections.vfio.devices.plugins.module_utils._guards import homes

PASSWD = "bob:x:1000:1000::/srv/people/bob:/bin/sh\nann:x:1001:1001::/home/ann:/bin/sh\nx:x:9:9::/:/bin/sh\nbroken\n"


def test_homes(simulated):
    root = simulated("empty", files={"etc/passwd": PASSWD, "home/eve/x": "", "home/ann/x": ""}).root()
    assert homes.homes(root) == ["root", "home/ann", "home/eve", "srv/people/bob"]


def test_only_a_home_that_does_not_answer_is_reported(simulated):
    host = simulated("empty", files={"home/eve/x": ""})
    host.kernel.faults.fail("home/eve", errno.EACCES)
    root = host.root()
    with root.collecting() as outer:
        with homes.reading(root, "files"):
            assert root.names("home/eve") == []
        assert (root.warnings, outer) == ([], {})
        host.kernel.faults.clear()
        host.kernel.faults.delay("home/eve", 100, ("list",))
        with homes.reading(root, "files"):
            assert root.names("home/eve") == []
        (warning,) = root.warnings
        assert warning.startswith("files are unknown: /home/eve did not answer within 2 s")
        assert outer == {}
