# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out whether Ansible has ignored the number of hosts per batch.

It makes the batches of a play before it reads the variables of hosts, so the inventory cannot set this number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SERIAL = "vfio_serial"
# A play with this variable has the batches of ``vfio_serial``.
BATCHED = "_vfio_has_batches"


def refusals(variables: Mapping[str, Any], serial: Any) -> list[str]:
    """Return a sentence if the batch of the play is larger than ``serial``, which is valid, or None without it."""
    hosts, batch = (variables.get(name, []) for name in ("ansible_play_hosts_all", "ansible_play_batch"))
    if serial is None or BATCHED not in variables or len(batch) < len(hosts):
        return []
    size = _first_size(serial, len(hosts))
    if size >= len(hosts):
        return []
    given = json.dumps({SERIAL: serial}) if isinstance(serial, list) else f"{SERIAL}={serial}"
    return [
        f"{SERIAL}: {serial} is ignored, because it is a variable of the inventory. All {len(hosts)} hosts would be "
        f"changed at the same time. Set it on the command line: -e '{given}'"
    ]


def _first_size(serial: Any, hosts: int) -> int:
    """Return the number of hosts in the first batch, as Ansible computes it."""
    first = serial[0] if isinstance(serial, list) else serial
    text = str(first).strip()
    return max(1, hosts * int(text[:-1]) // 100) if text.endswith("%") else int(text)
