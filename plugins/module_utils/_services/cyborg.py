# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether a cyborg-agent of the host reports its GPUs to Placement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._host.root import HostRoot
from . import kolla, oslo, started
from .files import of_service, order_of, sources_of

PROJECT, PROGRAM = "cyborg", "cyborg-agent"
DRIVER = "nvidia_gpu_driver"
OPTION = ("agent", "enabled_drivers")


def drivers(order: Sequence[str], texts: Mapping[str, str], path: str) -> list[dict[str, str]]:
    """Return the drivers in the list that the file ``path`` replaces, each with the file of this list."""
    before = order[: order.index(path)] if path in order else order
    return [{"file": file, "driver": name} for file, value in _lists(before, texts)[-1:] for name in _words(value)]


def file_with_gpus(host: HostRoot) -> str | None:
    """Return the file that enables the driver of the agent for NVIDIA GPUs, or None."""
    if not host.exists(f"etc/{PROJECT}") and not host.exists(f"{kolla.DIRECTORY}/{PROGRAM}"):
        return None
    found = started.observe(host, PROGRAM, PROGRAM)
    if found.arguments is None:
        return None
    files = of_service(host, found, PROGRAM)
    sources = sources_of(files, PROJECT, found, PROGRAM)
    order = order_of(files, sources)
    values = _lists(order, {path: files.text(path) for path in order})
    path, value = values[-1] if values else ("", "")
    return path if DRIVER in _words(value) else None


def _lists(order: Sequence[str], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(file, entry[2]) for file in order for entry in oslo.entries(texts[file]) if entry[:2] == OPTION]


def _words(value: str) -> list[str]:
    return [word for word in map(str.strip, value.split(",")) if word]
