# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Record a host: read what all modules read, and keep it."""

from __future__ import annotations

from typing import Any

from .._devices import eswitch
from .._guards import registry
from .._guards.base import Scene
from .._guards.processes import Processes
from .._host.files import Files, OperatingSystemFiles
from .._host.programs import Tools
from .._host.recording import Notes, RecordingTools, empty, files_of
from .._host.root import HostError, HostRoot
from .._instances.observe import observe_devices
from .._modes.observe import observe_cards
from .._modes.wanted import parse_functions
from .._run import facts
from . import archive, tree
from .anonymize import Anonymizer

# In bytes: a size that e-mails and issues accept.
MOST_BYTES = 1 << 20
NAMES = ("etc/hostname", "proc/sys/kernel/hostname")
# Files that no module needs, but that describe the host.
BESIDE = ("proc/sys/kernel/osrelease", *NAMES)
FUNCTION: dict[str, Any] = {
    **dict.fromkeys(("num_vfs", "driver", "vf_driver", "drivers_autoprobe", "eswitch", "vfs")),
    "reconfigurable": True,
}


def capture(root: str, timeout: float, files: Files | None = None, tools: Tools | None = None) -> tuple[str, list[str]]:
    """Return the recording and the warnings; raise HostError without a host, or if the recording is too large.

    ``timeout`` is the seconds to wait for one file or program. Nothing is changed.
    """
    if files is None:
        # Raises HostError if root is not the root of a host.
        HostRoot(root, timeout)
    notes = empty()
    plain = files or OperatingSystemFiles(root)
    host = HostRoot(root, timeout, files=files_of(plain, notes), tools=RecordingTools(root, notes, tools))
    _look(host)
    for path in BESIDE:
        host.read(path, optional=True)
    names = [_text(notes, path) for path in NAMES]
    secret = _text(notes, "etc/machine-id") or " ".join(names)
    hide = Anonymizer(secret, tuple({*names, *(name.partition(".")[0] for name in names)} - {"", "localhost"}))
    text = archive.write(tree.build(notes, plain, hide), tree.commands(notes, hide))
    size = len(text.encode())
    if size > MOST_BYTES:
        raise HostError(f"The recording has {size} bytes, more than {MOST_BYTES}. It was not saved.", root)
    return text, [hide.host(hide.text(warning)) for warning in dict.fromkeys(host.warnings)]


def _look(host: HostRoot) -> None:
    """Read what the modules would read with any options."""
    found = facts.observe(host, facts.PARTS)
    functions = [{**FUNCTION, "pf": one["address"], "mode": "vf"} for one in found["physical_functions"]]
    state = observe_cards(host, parse_functions(functions))
    if host.has_program(eswitch.PROGRAM):
        for address, card in state.cards.items():
            if card.netdevs:
                _ask_switch(host, address)
    seen = observe_devices(host)
    registry.observe(host, Scene(seen.functions, seen.devices, Processes(host)))


def _ask_switch(host: HostRoot, address: str) -> None:
    try:
        eswitch.observe(host, address)
    except HostError:
        # Most drivers have no switch, and devlink then fails.
        return


def _text(notes: Notes, path: str) -> str:
    content = notes.contents.get(path)
    return content.decode(errors="replace").strip() if isinstance(content, bytes) else ""
