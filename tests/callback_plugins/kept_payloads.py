# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the payloads that Ansible builds from modules from one run to the next; tests/run enables this callback.

Ansible collects the module_utils of each module anew in each run, which is a fifth of the CPU time of a short playbook.
It keeps the payloads in a directory of the run, which is replaced here by a link to a directory that remains. The name
of that directory changes with each file that a payload may contain.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_payloads"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: object) -> None:
        """Link the directory of this run, before its first task."""
        if "KEPT_PAYLOADS" in os.environ:
            kept = Path(os.environ["KEPT_PAYLOADS"], name_of_sources())
            kept.mkdir(parents=True, exist_ok=True)
            Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(kept)


def name_of_sources() -> str:
    """Return a name for the versions of Ansible and Python, and for path, size and time of all files of modules."""
    name = hashlib.sha256(f"{__version__} {sys.version}\n".encode())
    for path in constants.COLLECTIONS_PATHS:
        for directory in sorted(Path(path, "ansible_collections").glob("*/*/plugins")):
            for lines in describe(f"{directory}/modules"), describe(f"{directory}/module_utils"):
                name.update("".join(lines).encode())
    return name.hexdigest()


def describe(directory: str) -> Iterator[str]:
    """Describe each file below a directory in one line."""
    for place, folders, files in os.walk(directory):
        folders.sort()
        for file in sorted(files):
            status = os.stat(f"{place}/{file}")
            yield f"{place}/{file} {status.st_size} {status.st_mtime_ns}\n"
