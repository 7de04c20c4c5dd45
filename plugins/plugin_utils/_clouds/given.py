# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Optional arguments of filters. Before ansible-core 2.19 a template makes empty text of null, and text of a number."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean


def or_none(value: Any) -> Any:
    """The value, or None for null and for the empty text that a template makes of it."""
    return None if isinstance(value, str) and not value else value


def flag(value: Any, default: bool) -> bool:
    """True or false as any text of them says, ``default`` for null; TypeError for anything else."""
    value = or_none(value)
    return default if value is None else bool(boolean(value))
