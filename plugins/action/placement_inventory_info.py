# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module placement_inventory_info and find clouds.yaml in the directory of the inventory."""

from __future__ import annotations

from typing import Any

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.clouds import FindsClouds


class ActionModule(FindsClouds):
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result = super().run(tmp, task_vars)
        return {**result, **self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)}
