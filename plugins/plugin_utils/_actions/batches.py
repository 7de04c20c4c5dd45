# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out whether Ansible has ignored the number of hosts per batch.

Ansible creates the batches of a play before it reads the variables of hosts, so the inventory cannot set this number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SERIAL = "vfio_serial"
# A play with this variable has the batches of ``vfio_serial``.
BATCHED = "_vfio_has_batches"


def refusals(variables: Mapping[str, Any], serial: Any) -> list[str]:
    """Return a sentence if the batch of the play is larger than ``serial``, which is valid, or None without it.

    The batch excludes hosts that have failed in an earlier play, so it may be the last one of several batches.
    """
    if serial is None or BATCHED not in variables:
        return []
    names = ("ansible_play_hosts_all", "ansible_play_hosts", "ansible_play_batch")
    hosts, active, batch = (variables.get(name, []) for name in names)
    sizes = [_size(entry, len(hosts)) for entry in (serial if isinstance(serial, list) else [serial])]
    largest = sizes[0] if len(active) == len(hosts) else max(sizes)
    if len(batch) < len(active) or len(batch) <= largest:
        return []
    given = json.dumps({SERIAL: serial}) if isinstance(serial, list) else f"{SERIAL}={serial}"
    return [
        f"{SERIAL}: {serial} is ignored, because it is a variable of the inventory. All {len(active)} hosts would be "
        f"changed at the same time. Set it on the command line: -e '{given}'"
    ]


def _size(entry: Any, hosts: int) -> int:
    """Return the number of hosts in a batch, as Ansible computes it."""
    text = str(entry).strip()
    return max(1, hosts * int(text[:-1]) // 100) if text.endswith("%") else int(text)
