# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Handle optional arguments of filters: before ansible-core 2.19, templates convert null to empty text."""

from __future__ import annotations

from typing import Any


def or_default(value: Any, default: Any = None) -> Any:
    """Return the value, or ``default`` for null and empty text."""
    return default if value is None or (isinstance(value, str) and not value) else value
