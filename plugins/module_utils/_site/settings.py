# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the files of the boot service and the settings files of services with their desired state."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Optional

from .._boot.files import DESCRIPTION, PROGRAM
from .._boot.plan import observe, owes_reload, plan, unsafe_files, wanted_files
from .._core.problems import Failed, Refused
from .._host import ownership, replacement
from .._host.root import HostRoot
from .._run import managed_files, record_space

# In bytes: more than the text of any host. The role compares the free space with its text.
ROOM = 1 << 16
# In bytes: the program is smaller.
ROOM_OF_PROGRAM = 1 << 20


class Settings(NamedTuple):
    """A settings file of this collection; ``text`` is empty if it is missing."""

    text: str
    reason: Optional[str]  # why a run must check the file, whatever its desired text
    is_ours: bool = True  # False if managed_files would reject the file, or if this is unknown
    obstacle: Optional[str] = None  # why the file could not be written


def is_boot_due(host: HostRoot, present: bool, python: Optional[str], timeout: float, program: str) -> bool:
    """Return whether boot_restore would change anything; raise ``Refused`` if it could not.

    ``program`` is the SHA-256 of the desired program. It is the same for all hosts, so the controller creates it once.
    """
    current = observe(host)
    content = current[PROGRAM]
    installed = content if isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == program else None
    wanted = wanted_files(host, present, python, timeout, installed or b"")
    steps = plan(current, wanted, unsafe_files(host, current))
    sizes = {PROGRAM: range(ROOM_OF_PROGRAM)}
    written = [(step.path, sizes.get(step.path)) for step in steps if step.content is not None]
    record_space.check(host, written, write=False, what=DESCRIPTION)
    return present and installed is None or bool(steps) or owes_reload(host)


def observe_settings(root: str, file: managed_files.Requested) -> Settings:
    """Compare a settings file with its current text as the desired one, so that only access rights can differ."""
    place = root.rstrip("/") + file.path
    try:
        entry = ownership.read_entry(place)
        reason = ownership.refusal(entry)
        if reason:
            return Settings("", None if file.ignore_others else f"{file.path} {reason}", False)
        content = replacement.read(place) if entry else b""
        text = content.decode()
        result = managed_files.converge(root, [file._replace(content=text)], check_mode=True)
    except (Refused, Failed, OSError, ValueError) as error:
        return Settings("", f"{file.path} cannot be compared: {error}", False)
    reason = f"the access to {file.path} differs" if result.changed else None
    return Settings(text, reason, obstacle=replacement.obstacle(place, ROOM, "replaced"))
