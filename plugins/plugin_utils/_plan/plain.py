# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert input of filters to JSON types, because JMESPath does not support the types of Ansible."""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers


def plain(value: Any, what: str) -> Any:
    """Return the value in JSON types; raise ``ValueError`` with a sentence about ``what`` if that is impossible."""
    try:
        return json.loads(json.dumps(value))
    except RecursionError:
        raise ValueError(f"{what} is nested too deep") from None
    except (TypeError, ValueError) as error:
        # For example a date, which YAML creates from 2026-01-01 without quotes.
        raise ValueError(f"{what} must be made of texts, numbers, lists and dictionaries: {error}") from error


def flag(value: Any, name: str) -> bool:
    """Return a boolean as Ansible converts it; raise ``ValueError`` with a sentence about the option ``name``."""
    try:
        return bool(boolean(value))
    except TypeError:
        raise ValueError(f"{name} must be true or false, and not {numbers.shown(value)}") from None


def misfit(error: Exception) -> str:
    """Describe the wrong format of data from the error that it caused."""
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else "it has another format"
