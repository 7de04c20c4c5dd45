# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Print text on the console unchanged, so that it can be copied."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result


class ShowsText(ActionBase):
    """Prints its option ``text`` and returns it."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Run the task."""
        result: Result = super().run(tmp, task_vars)
        given = self._task.args.get("text")
        lines = given if isinstance(given, (list, tuple)) else [given]
        if set(self._task.args) != {"text"} or not all(isinstance(line, str) for line in lines):
            raise AnsibleActionFail("show takes one option, text, which is text or a list of lines")
        text = "\n".join(lines)
        Display().display(text)
        return {**result, "changed": False, "text": text}
