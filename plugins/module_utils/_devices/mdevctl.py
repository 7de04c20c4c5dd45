# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find what creates mediated devices at boot: mdevctl, called by its udev rule, or the boot service."""

from __future__ import annotations

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .._model.host import Mdevctl

PROGRAMS = ("usr/sbin/mdevctl", "usr/bin/mdevctl", "usr/local/sbin/mdevctl", "usr/local/bin/mdevctl")
RULE = "60-mdevctl.rules"
# The first of several files with the same name is effective (udev(7)). Distributions with a separate /lib have the rule
# there.
RULE_DIRECTORIES = (
    "etc/udev/rules.d",
    "run/udev/rules.d",
    "usr/local/lib/udev/rules.d",
    "usr/lib/udev/rules.d",
    "lib/udev/rules.d",
)
RESTORE_UNIT = "etc/systemd/system/vfio-devices-restore.service"
CALL = lazy_pattern(r"(/[\w./-]*mdevctl) start-parent-mdevs\b")


def observe(host: HostRoot) -> Mdevctl:
    """Return the state of mdevctl, its udev rule and the boot service."""
    program = _first(host, PROGRAMS)
    rule = _first(host, [f"{directory}/{RULE}" for directory in RULE_DIRECTORIES])
    text = (host.read(rule[1:]) or "") if rule else ""
    calls = CALL.findall("\n".join(line for line in text.splitlines() if not line.startswith("#")))
    missing = [call for call in calls if not host.exists(call[1:])]
    return Mdevctl(
        program=program,
        udev_rule=rule,
        udev_program=(missing or calls or [None])[0],
        udev_works=bool(calls) and not missing,
        restore_unit=_first(host, [RESTORE_UNIT]),
    )


def _first(host: HostRoot, paths: tuple[str, ...] | list[str]) -> str | None:
    return next((f"/{path}" for path in paths if host.exists(path)), None)
