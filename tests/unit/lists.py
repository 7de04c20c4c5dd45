# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers for the lists of facts."""

from __future__ import annotations


def by(key, entries):
    """Map the entries of a list by one of their fields."""
    return {entry[key]: entry for entry in entries}
