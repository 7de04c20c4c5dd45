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
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import display_name

# Python does not convert larger integers to text.
MOST_DIGITS = 4000


def plain(value: Any, what: str) -> Any:
    """Return the value in JSON types; raise ``ValueError`` with a sentence about ``what`` if that is impossible."""
    try:
        return json.loads(json.dumps(value))
    except RecursionError:
        raise ValueError(f"{what} is nested too deep") from None
    except (TypeError, ValueError):
        raise ValueError(_formless(value, what)) from None


def flag(value: Any, name: str) -> bool:
    """Return a boolean as Ansible converts it; raise ``ValueError`` with a sentence about the option ``name``."""
    try:
        return bool(boolean(value))
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{name} must be true or false, and not {numbers.shown(value)}") from None


def _formless(value: Any, what: str) -> str:
    """Return a sentence about the first part of a value that JSON cannot represent."""
    waiting: list[tuple[Any, str, tuple[int, ...]]] = [(value, "", ())]
    while waiting:
        part, path, above = waiting.pop()
        # The path comes first if the subject is a phrase.
        place = f"{path.lstrip('.')} in {what}" if path and " " in what else f"{what}{path}"
        if id(part) in above:
            return f"{place} contains itself. Remove this anchor"
        inside = (*above, id(part))
        if isinstance(part, dict):
            odd = next((key for key in part if key is not None and not isinstance(key, (str, int, float))), None)
            if odd is not None:
                return f"{place} has a key of type {type(odd).__name__}. Write the key in quotes"
            waiting += [(part[key], f"{path}.{_name(key)}", inside) for key in reversed(part)]
        elif isinstance(part, (list, tuple)):
            waiting += [(part[number], f"{path}[{number}]", inside) for number in reversed(range(len(part)))]
        elif isinstance(part, int) and abs(part) >= 10**MOST_DIGITS:
            return f"{place} is {numbers.shown(part)}, which is too large"
        elif part is not None and not isinstance(part, (str, int, float)):
            # For example, YAML converts 2026-01-01 without quotes to a date.
            return f"{place} is of type {type(part).__name__}, which cannot be used. Write text in quotes"
    return f"{what} must consist of texts, numbers, lists and dictionaries"


def _name(key: Any) -> str:
    return display_name(key, numbers.shown(key)) if isinstance(key, str) else numbers.shown(key)


def misfit(error: Exception) -> str:
    """Describe the wrong format of data from the error that it caused."""
    return f"it has no {_name(error.args[0])}" if isinstance(error, KeyError) else "it has another format"
