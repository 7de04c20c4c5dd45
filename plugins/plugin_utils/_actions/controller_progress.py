# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Report the progress of a module on the controller, which writes it to a file.

Calling this module several times, like modules on hosts, would read all trees again each time.
"""

from __future__ import annotations

import tempfile
import threading
import time
from typing import Any

from ansible import constants
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import long_work
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result


class ReportsModuleProgress(long_work.LongWork):
    """Base class of actions whose module runs on the controller, where its progress file is readable."""

    WHERE = ""

    def work(self, task_vars: dict[str, Any], seconds: float) -> Result:
        """Return the result of the module; without progress if it runs on another host than the controller."""
        if self._connection.transport.rpartition(".")[2] != "local":
            return self.call(task_vars)
        with tempfile.TemporaryDirectory(dir=constants.DEFAULT_LOCAL_TMP) as directory:
            path, ended = f"{directory}/progress", threading.Event()
            reader = threading.Thread(target=show, args=(path, self.WHERE, seconds, ended), daemon=True)
            reader.start()
            try:
                return self.call(task_vars, **{progress.PATH: path})
            finally:
                ended.set()
                reader.join()


def show(path: str, where: str, seconds: float, ended: threading.Event) -> None:
    """Print a line every ``seconds`` until the work ends, if there is new progress."""
    begin, last = time.monotonic(), None
    while not ended.wait(seconds):
        reported = progress.read(path)
        if reported and reported != last:
            things, done, number = reported
            long_work.print_line(long_work.sentence(where, done, number, things, time.monotonic() - begin))
            last = reported
