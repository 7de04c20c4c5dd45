# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Search less often for garbage in the processes of Ansible."""

from __future__ import annotations

import gc

from ansible import context
from ansible_collections.vfio.devices.plugins.module_utils._core.zip_imports import GARBAGE_THRESHOLD


def keep_objects() -> None:
    """Exclude all current objects from searches for garbage, in a run of Ansible and in each process that it forks.

    Each search would read all plays and roles, and would copy their memory in forked processes.
    """
    if context.CLIARGS:
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
