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
# Options that decide which devices the agent reports.
OF_DEVICES = (OPTION, ("pci", "passthrough_whitelist"), ("x710_static", "device_addresses"))
NO_AGENT: dict[str, object] = {"cyborg_gpus": None, "cyborg_settings": []}


def drivers(order: Sequence[str], texts: Mapping[str, str], path: str) -> list[dict[str, str]]:
    """Return the drivers in the list that the file ``path`` replaces, each with the file of this list."""
    before = order[: order.index(path)] if path in order else order
    return [{"file": file, "driver": name} for file, value in _lists(before, texts)[-1:] for name in _words(value)]


def agent_of(host: HostRoot) -> dict[str, object]:
    """Return the file that enables the driver of the agent for NVIDIA GPUs, and the options about its devices."""
    if not host.exists(f"etc/{PROJECT}") and not host.exists(f"{kolla.DIRECTORY}/{PROGRAM}"):
        return NO_AGENT
    found = started.observe(host, PROGRAM, PROGRAM)
    if found.arguments is None:
        return NO_AGENT
    files = of_service(host, found, PROGRAM)
    order = order_of(files, sources_of(files, PROJECT, found, PROGRAM))
    texts = {path: files.text(path) for path in order}
    path, value = next(reversed(_lists(order, texts)), ("", ""))
    settings = [
        {"file": file, "section": section, "option": option, "value": given.replace("$$", "$")}
        for file in order
        for section, option, given in oslo.entries(texts[file])
        if (section, option) in OF_DEVICES
    ]
    return {"cyborg_gpus": path if DRIVER in _words(value) else None, "cyborg_settings": settings}


def _lists(order: Sequence[str], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(file, entry[2]) for file in order for entry in oslo.entries(texts[file]) if entry[:2] == OPTION]


def _words(value: str) -> list[str]:
    return [word for word in map(str.strip, value.split(",")) if word]
