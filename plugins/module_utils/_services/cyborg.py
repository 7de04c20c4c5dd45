# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether a cyborg-agent of the host reports its GPUs to Placement."""

from __future__ import annotations

from .._host.root import HostRoot
from . import kolla, oslo, started
from .files import of_service, order_of, sources_of

PROJECT, PROGRAM = "cyborg", "cyborg-agent"
DRIVER = "nvidia_gpu_driver"
OPTION = ("agent", "enabled_drivers")


def file_with_gpus(host: HostRoot) -> str | None:
    """Return the file that enables the driver of the agent for NVIDIA GPUs, or None."""
    if not host.exists(f"etc/{PROJECT}") and not host.exists(f"{kolla.DIRECTORY}/{PROGRAM}"):
        return None
    found = started.observe(host, PROGRAM, PROGRAM)
    if found.arguments is None:
        return None
    files = of_service(host, found, PROGRAM)
    sources = sources_of(files, PROJECT, found, PROGRAM)
    values = [
        (path, entry[2])
        for path in order_of(files, sources)
        for entry in oslo.entries(files.text(path))
        if entry[:2] == OPTION
    ]
    path, value = values[-1] if values else ("", "")
    return path if DRIVER in [word.strip() for word in value.split(",")] else None
