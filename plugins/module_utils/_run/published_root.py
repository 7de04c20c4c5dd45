# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read which root in Placement the cards of a host were published below, as the role placement has recorded it."""

from __future__ import annotations

import uuid
from typing import Optional

from .._core import grammar
from .._host.root import HostRoot

PATH = "etc/vfio-devices/placement.conf"
# The record of another host, such as one in the image of a disk, must not count. A copied disk has the same machine id,
# so the identity includes the hardware. The identity is derived, because both are confidential.
HARDWARE = "sys/class/dmi/id/product_uuid"
HOSTS = uuid.UUID("5d0c9b8f-6a1e-5b0b-9c37-0d4f4a0c2a4e")


def observe(host: HostRoot) -> dict[str, Optional[str]]:
    """Return the identity of the host, and the UUID and the name of the root, which are None without a record.

    A host without a machine id has no identity, and no record.
    """
    machine = (host.read("etc/machine-id", optional=True) or "").strip()
    hardware = (host.read(HARDWARE, optional=True) or "").strip()
    identity = str(uuid.uuid5(HOSTS, f"{machine} {hardware}")) if machine else None
    lines = (line.partition("=") for line in (host.read(PATH, optional=True) or "").splitlines())
    recorded = {key: value for key, _sign, value in lines}
    is_own = identity and recorded.get("host") == identity and grammar.UUID.match(recorded.get("uuid", ""))
    return {
        "host": identity,
        "uuid": recorded["uuid"] if is_own else None,
        "name": recorded.get("name") if is_own else None,
    }
