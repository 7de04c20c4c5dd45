# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the guest: print its cards, its devices and all files that the collection writes as JSON."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

CARDS = ("0000:41:00.0", "0000:81:00.0")
FILES = (
    "/etc/mdevctl.d",
    "/etc/vfio-devices",
    "/etc/udev/rules.d",
    "/etc/systemd/system",
    "/usr/local/lib",
    "/run/vfio-devices/changing",
    "/run/vfio-devices/sriov_drivers_autoprobe",
)
OURS = ("vfio-devices", "mdevctl")


def link(path: Path) -> str:
    """Return the last part of a link's target, or an empty text."""
    return os.path.basename(os.readlink(path)) if path.is_symlink() else ""


def card(name: str) -> list[object]:
    """Return driver, override, autoprobe, and the drivers of the virtual functions."""
    path = Path("/sys/bus/pci/devices", name)
    texts = [(path / attribute).read_text().strip() for attribute in ("driver_override", "sriov_drivers_autoprobe")]
    virtual = sorted(path.glob("virtfn*"), key=lambda one: int(one.name[6:]))
    return [link(path / "driver"), *texts, [link(one / "driver") for one in virtual]]


def devices() -> dict[str, dict[str, str]]:
    """Return the type of each device by parent and UUID."""
    found: dict[str, dict[str, str]] = {"mtty": {}, "mdpy": {}}
    for device in Path("/sys/bus/mdev/devices").iterdir():
        found[device.resolve().parent.name][device.name] = link(device / "mdev_type")
    return found


def files() -> dict[str, str]:
    """Return the text of each file, the target of each link, and the hash of the program, by path."""
    found = {}
    for directory in FILES:
        for path in Path(directory).rglob("*"):
            if any(name in str(path) for name in OURS) and (path.is_symlink() or path.is_file()):
                found[str(path)] = content(path)
    return found


def content(path: Path) -> str:
    if path.is_symlink():
        return os.readlink(path)
    data = path.read_bytes()
    return hashlib.sha256(data).hexdigest() if path.suffix == ".pyz" else data.decode(errors="replace")


if __name__ == "__main__":
    print(json.dumps({"cards": {**{name: card(name) for name in CARDS}, **devices()}, "files": files()}))
