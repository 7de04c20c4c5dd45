# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Optional arguments of filters. Before ansible-core 2.19 a template makes empty text of null."""

from __future__ import annotations

from typing import Any


def or_default(value: Any, default: Any = None) -> Any:
    """The value, or ``default`` for null and for the empty text that a template makes of it."""
    return default if value is None or (isinstance(value, str) and not value) else value
