# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import mdevctl as devices_mdevctl

SHIPPED = "lib/udev/rules.d/60-mdevctl.rules"
OURS = "etc/udev/rules.d/60-mdevctl.rules"
BIN, SBIN = "usr/bin/mdevctl", "usr/sbin/mdevctl"


def rule(*programs):
    lines = [f"""ACTION=="add", RUN+="/bin/sh -c '{program} start-parent-mdevs %k'"\n""" for program in programs]
    return "# starts /usr/sbin/other/mdevctl start-parent-mdevs\n" + "".join(lines)


BROKEN, RIGHT = rule("/usr/sbin/mdevctl", "/usr/sbin/mdevctl"), rule("/usr/bin/mdevctl")


@pytest.mark.parametrize(
    ("files", "program", "udev_rule", "udev_program", "works"),
    [
        ({}, None, None, None, False),
        ({BIN: ""}, "/usr/bin/mdevctl", None, None, False),
        # Debian 12 and 13: the rule calls a program that does not exist.
        ({BIN: "", SHIPPED: BROKEN}, "/usr/bin/mdevctl", f"/{SHIPPED}", "/usr/sbin/mdevctl", False),
        ({SBIN: "", SHIPPED: BROKEN}, "/usr/sbin/mdevctl", f"/{SHIPPED}", "/usr/sbin/mdevctl", True),
        ({BIN: "", SHIPPED: BROKEN, OURS: RIGHT}, "/usr/bin/mdevctl", f"/{OURS}", "/usr/bin/mdevctl", True),
        (
            {BIN: "", OURS: rule("/usr/bin/mdevctl", "/usr/sbin/mdevctl")},
            "/usr/bin/mdevctl",
            f"/{OURS}",
            "/usr/sbin/mdevctl",
            False,
        ),
        # An administrator disabled it.
        ({BIN: "", SHIPPED: BROKEN, OURS: ""}, "/usr/bin/mdevctl", f"/{OURS}", None, False),
        # The package was removed, but the file in /etc remains.
        ({OURS: RIGHT}, None, f"/{OURS}", "/usr/bin/mdevctl", False),
    ],
)
def test_program_and_rule(simulated, files, program, udev_rule, udev_program, works):
    host = simulated("mtty", files=files)
    assert devices_mdevctl.observe(host.root()) == (program, udev_rule, udev_program, works, None)


def test_what_the_role_boot_installs(simulated):
    host = simulated("mtty", files={devices_mdevctl.RESTORE_UNIT: ""})
    assert devices_mdevctl.observe(host.root()).restore_unit == "/etc/systemd/system/vfio-devices-restore.service"


def test_a_rule_that_cannot_be_read_is_told(simulated):
    host = simulated("mtty", files={BIN: "", SHIPPED: RIGHT})
    host.kernel.faults.content(SHIPPED, b"\xff")
    root = host.root()
    assert not devices_mdevctl.observe(root).udev_works
    assert root.warnings == [f"/{SHIPPED} is not UTF-8 text"]
