# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run the module managed_files, unless ``cards_apply`` has already written the same files."""

from __future__ import annotations

from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._site.stages import REGISTERED


class WritesFiles(Normal):
    """Return the result of ``cards_apply`` for the same options, or that of the module."""

    def run(self, tmp: str | None = None, task_vars: Result | None = None) -> Result:
        """Return the result of the module."""
        # Only tasks directly after cards_apply have this variable. A result of an earlier play may be outdated.
        applied = self._templar.template((task_vars or {}).get("_vfio_applied_now", {}))
        for stage, options in applied.get("written", {}).items():
            if options == self._task.args:
                return dict(applied["results"][REGISTERED[stage]])
        result: Result = super().run(tmp, task_vars)
        return result
