# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the files of the boot service and the settings files of services with their desired state."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Optional

from .._boot.files import PROGRAM
from .._boot.plan import observe, plan, unsafe_files, wanted_files
from .._core.problems import Failed, Refused
from .._host import ownership, replacement
from .._host.root import HostRoot
from .._run import managed_files


class Settings(NamedTuple):
    """A settings file of this collection; ``text`` is empty if it is missing."""

    text: str
    reason: Optional[str]  # why a run must check the file, whatever its desired text


def is_boot_due(host: HostRoot, present: bool, python: Optional[str], timeout: float, program: str) -> bool:
    """Return whether boot_restore would change a file; ``program`` is the SHA-256 of the desired program.

    The program is the same for all hosts, so the controller creates it only once.
    """
    current = observe(host)
    content = current[PROGRAM]
    installed = content if isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == program else None
    wanted = wanted_files(host, present, python, timeout, installed or b"")
    return present and installed is None or bool(plan(current, wanted, unsafe_files(host, current)))


def observe_settings(root: str, file: managed_files.Requested) -> Settings:
    """Compare a settings file with its current text as the desired one, so that only access rights can differ."""
    place = root.rstrip("/") + file.path
    try:
        entry = ownership.look(place)
        reason = ownership.refusal(entry)
        if reason:
            return Settings("", f"{file.path} {reason}")
        content = replacement.read(place) if entry else b""
        text = content.decode()
        result = managed_files.converge(root, [file._replace(content=text)], check_mode=True)
    except (Refused, Failed, OSError, ValueError) as error:
        return Settings("", f"{file.path} cannot be compared: {error}")
    return Settings(text, f"the access to {file.path} differs" if result.changed else None)
