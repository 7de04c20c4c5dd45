# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run managed_files: write the files, and remember the processes that still have their former settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._run import managed_files
from .._run.call import Call
from .._services import restarts

# In seconds, for each process of the program.
TIMEOUT = 30.0


def set_files(options: Mapping[str, Any], call: Call) -> tuple[Mapping[str, Any], list[str]]:
    """Return the result and the warnings; ``options`` contains all options of the module."""
    root, program = options["host_root"], options["program"]
    files = [managed_files.Requested(**file) for file in options["files"]]
    host = call.open(root, TIMEOUT) if program else None
    prepare = (lambda paths: restarts.note(host, program, paths)) if host else None
    result = managed_files.converge(root, files, call.check_mode, prepare)
    is_owed = host is not None and not result.restart and program in restarts.owed(host)
    found = {**result._asdict(), "restart": result.restart or is_owed, "restart_owed": is_owed}
    return found, host.warnings if host else []
