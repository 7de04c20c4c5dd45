# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback that writes name and seconds of each task to the file $DURATIONS, a JSON list per line."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "durations"

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._begin = time.monotonic()

    def v2_runner_on_ok(self, result):
        line = json.dumps([result.task_name, time.monotonic() - self._begin])
        with open(os.environ["DURATIONS"], "a", encoding="utf-8") as durations:
            durations.write(line + "\n")
