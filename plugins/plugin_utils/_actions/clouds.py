# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Set where a module searches clouds.yaml: in the working directory or in directories of the inventory."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vfio.devices.plugins.module_utils._placement import clouds
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result


def directories(task_vars: dict[str, Any]) -> list[str]:
    """Return the working directory and the directories of the inventories, without duplicates."""
    sources = [source for source in task_vars.get("ansible_inventory_sources") or [] if os.path.exists(source)]
    found = [source if os.path.isdir(source) else os.path.dirname(source) for source in sources]
    own = task_vars.get("inventory_dir")
    return list(dict.fromkeys(map(os.path.abspath, [os.getcwd(), *([own] if own else []), *found])))


class FindsClouds(ActionBase):
    """Sets the directories in the environment of a module that runs on the controller."""

    _clouds_directories: list[str] = []

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Set the directories and run the task."""
        if self._connection.transport.rpartition(".")[2] == "local":
            self._clouds_directories = directories(task_vars or {})
        result: Result = super().run(tmp, task_vars)
        return result

    def _compute_environment_string(self, raw_environment_out: dict[str, str] | None = None) -> str:
        environment: dict[str, str] = {}
        super()._compute_environment_string(environment)
        if self._clouds_directories:
            environment[clouds.DIRECTORIES] = os.pathsep.join(self._clouds_directories)
        if raw_environment_out is not None:
            raw_environment_out.update(environment)
        prefix: str = self._connection._shell.env_prefix(**environment)
        return prefix
