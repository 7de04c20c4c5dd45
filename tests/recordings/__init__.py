# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recordings of real hosts and their replay."""

from __future__ import annotations

from pathlib import Path

HOSTS = Path(__file__).parent / "hosts"


def hosts() -> list[str]:
    """Return the names of the recorded hosts."""
    return sorted(path.parent.name for path in HOSTS.glob("*/recording.txt"))
