# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module placement_inventory, and show how far it has come when that takes long.

To call it again would mean to read all trees again. But it runs on the controller, where its file can be read.
"""

from __future__ import annotations

import tempfile
import threading
import time
from typing import Any

from ansible import constants
from ansible_collections.vfio.devices.plugins.module_utils._core import progress as _progress
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import long_work as _long_work
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.clouds import FindsClouds


class ActionModule(FindsClouds, _long_work.LongWork):
    def work(self, task_vars: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The result of the module; on another host than the controller without lines."""
        if self._connection.transport.rpartition(".")[2] != "local":
            return self.call(task_vars)
        with tempfile.TemporaryDirectory(dir=constants.DEFAULT_LOCAL_TMP) as directory:
            path, ended = f"{directory}/progress", threading.Event()
            reader = threading.Thread(target=show, args=(path, seconds, ended), daemon=True)
            reader.start()
            try:
                return self.call(task_vars, **{_progress.PATH: path})
            finally:
                ended.set()
                reader.join()


def show(path: str, seconds: float, ended: threading.Event) -> None:
    """A line each ``seconds`` until the work has ended; none where nothing new was told."""
    begin, last = time.monotonic(), None
    while not ended.wait(seconds):
        told = _progress.read(path)
        if told and told != last:
            things, done, number = told
            _long_work.tell(_long_work.sentence("Placement", done, number, things, time.monotonic() - begin))
            last = told
