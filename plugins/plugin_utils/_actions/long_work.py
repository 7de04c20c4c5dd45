# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Report the progress of long work.

A module on a host cannot print anything before its end. But modules of this collection continue the work of an earlier
run. So a module that needs long stops after some seconds and is called again. Short work needs only one call.
"""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.progress import BUDGET
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import merged_results
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result

# In seconds; each call costs about 0.5 s.
INTERVAL = 10.0
VARIABLE = "vfio_progress_interval"


def interval(given: Any) -> float:
    """Return the seconds between two progress lines, 0 for none; raise ValueError for other values."""
    never = given in ("0", 0) and not isinstance(given, bool)
    try:
        return 0.0 if never else numbers.duration(given, VARIABLE)
    except ValueError as error:
        raise ValueError(f"{error}. Set {VARIABLE}: 0 for no progress lines") from error


def sentence(where: str, done: int, number: int, things: str, seconds: float) -> str:
    """Return ``compute7: 40 of 128 devices after 11 s``."""
    return f"{where}: {done} of {number} {things} after {seconds:.0f} s"


def print_line(text: str) -> None:
    """Print a line on stderr immediately, because another program may read stdout."""
    Display().display(text, stderr=True)


class LongWork(ActionBase):
    """Base class of action plugins that report progress."""

    _supports_async = True
    _private: dict[str, str] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Run the task and report its progress."""
        result = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        seconds = self._interval(task_vars)
        # Ansible discards the output of a background task.
        if self._task.async_val or not seconds:
            return {**result, **self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)}
        return {**result, **self.work(task_vars, seconds)}

    def work(self, task_vars: dict[str, Any], seconds: float) -> Result:
        """Return the result of the module and print a line every ``seconds``."""
        raise NotImplementedError

    def call(self, task_vars: dict[str, Any], **private: str) -> Result:
        """Run the module once, with private variables in its environment."""
        self._private = private
        result: Result = self._execute_module(module_args=self.arguments(), task_vars=task_vars)
        return result

    def arguments(self) -> Result:
        """Return the options of the module, which are the options of the task."""
        return dict(self._task.args)

    def _compute_environment_string(self, raw_environment_out: dict[str, str] | None = None) -> str:
        """Add the private variables to the environment of the task."""
        environment: dict[str, str] = {}
        super()._compute_environment_string(environment)
        environment.update(self._private)
        if raw_environment_out is not None:
            raw_environment_out.update(environment)
        prefix: str = self._connection._shell.env_prefix(**environment)
        return prefix

    def _interval(self, task_vars: dict[str, Any]) -> float:
        wanted = self._templar.template(task_vars.get(VARIABLE, INTERVAL))
        try:
            return interval(wanted)
        except ValueError as error:
            raise AnsibleActionFail(f"Nothing was changed: {error}.") from None


class WorkInParts(LongWork):
    """Base class of actions whose module runs on a host and stops after a given time."""

    THINGS = ""

    def work(self, task_vars: dict[str, Any], seconds: float) -> Result:
        """Call the module until all work is done, and merge the results of all calls."""
        begin = time.monotonic()
        budget: float | None = seconds
        merged: Result | None = None
        done, least = 0, None
        while True:
            part = self.call(task_vars, **({} if budget is None else {BUDGET: str(budget)}))
            progress = part.pop("progress", None)
            merged = merged_results.merge(merged, part)
            if not progress:
                return merged
            done, left = done + progress["done"], progress["left"]
            print_line(
                sentence(task_vars["inventory_hostname"], done, done + left, self.THINGS, time.monotonic() - begin)
            )
            if least is not None and left >= least:
                # Another program reverts the changes; the loop must not continue forever.
                budget = None
            least = left
