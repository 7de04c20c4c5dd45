# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Help with the lists of facts."""

from __future__ import annotations


def by(key, entries):
    """The entries of a list by one of their fields."""
    return {entry[key]: entry for entry in entries}
