# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Long work of a module on the controller, with its progress in a file.

To call it again, as modules on hosts are, would mean to read all trees again.
"""

from __future__ import annotations

import tempfile
import threading
import time
from typing import Any

from ansible import constants
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import long_work
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.parts import Result


class WorkInSight(long_work.LongWork):
    """For modules that run on the controller, where the file can be read to which they write how far they are."""

    WHERE = ""

    def work(self, task_vars: dict[str, Any], seconds: float) -> Result:
        """The result of the module; on another host than the controller without lines."""
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
    """A line each ``seconds`` until the work has ended; none without new progress."""
    begin, last = time.monotonic(), None
    while not ended.wait(seconds):
        told = progress.read(path)
        if told and told != last:
            things, done, number = told
            long_work.tell(long_work.sentence(where, done, number, things, time.monotonic() - begin))
            last = told
