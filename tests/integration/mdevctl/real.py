# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the real mdevctl on a simulated host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

INSIDE = Path(__file__).parent / "inside"
DEFINITIONS = Path("/etc/mdevctl.d")
# mdevctl 1.2 needs these directories, which are hidden when the definitions of a host are mounted.
SCRIPTS = ("etc/mdevctl.d/scripts.d/callouts", "etc/mdevctl.d/scripts.d/notifiers")


class Unavailable(Exception):
    """The reason why mdevctl cannot run here, with the remedy."""


def provide() -> None:
    """Check that mdevctl can run on simulated hosts as root, or raise Unavailable."""
    if shutil.which("unshare") is None:
        raise Unavailable("unshare is missing: install the package util-linux")
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        raise Unavailable(f"no private mount namespace can be had, which needs CAP_SYS_ADMIN: {probe.stderr.strip()}")
    if shutil.which("mdevctl") is None:
        raise Unavailable("mdevctl is missing: run tests/setup packages services")
    DEFINITIONS.mkdir(exist_ok=True)


def make_ready(root: Path) -> None:
    """Create the directories that mdevctl needs on the host at ``root``."""
    for directory in SCRIPTS:
        (root / directory).mkdir(parents=True, exist_ok=True)
