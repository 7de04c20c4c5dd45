# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Values against entries of the schema: a sentence for each that is unknown, missing or of another kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import closest, printable
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import kinds
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.kinds import Option, Options

LONGEST = 60


def wrong(
    values: dict[Any, Any], options: Options, prefix: str = "", elsewhere: Mapping[str, str] | None = None
) -> dict[Any, str]:
    """By key a sentence for each that does not exist, or whose value is of another kind.

    ``prefix`` is what stands before the keys in messages, such as ``vgpu.``. Keys below these have a call of their own.
    ``elsewhere`` has what to do with keys that are none, but have a meaning for those who use them.
    """
    found = {}
    for key, value in values.items():
        if key not in options and key in (elsewhere or {}):
            found[key] = f"{prefix}{key} is not a key. {(elsewhere or {})[key]}"
        elif key not in options:
            found[key] = _unknown(key, options, prefix)
        elif not kinds.fits(value, options[key]):
            found[key] = f"{prefix}{key} must be {_good(options[key])}, and not {shown(value)}"
    return found


def missing(values: dict[Any, Any], wrong_keys: Collection[str], options: Options, label: str) -> list[str]:
    """A sentence for each required key that is not there or has nothing in it; ``label`` is whose keys these are."""
    required = [key for key, option in options.items() if option.get("required") and key not in wrong_keys]
    return [f"{label} has no {key}" for key in required if values.get(key) in (None, "", [])]


def parts(value: Any, label: str) -> list[tuple[str, Any]]:
    """The dictionaries of a value that is one or a list of them, each with its name in messages."""
    if isinstance(value, list):
        return [(f"{label}[{place}]", item) for place, item in enumerate(value)]
    return [] if value is None else [(label, value)]


def shown(value: Any) -> str:
    """A value of the user in a sentence; of a large one the beginning."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        return numbers.shown(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _unknown(key: Any, options: Options, prefix: str) -> str:
    part = next((name for name, option in options.items() if key in option.get("options", {})), None)
    if part:
        return f"the key {prefix}{key} belongs to {prefix}{part}"
    if not isinstance(key, str):
        return f"{prefix}{shown(key)} is not a key. The keys are {', '.join(options)}"
    nearest = closest(options, key)
    hint = f" Did you mean {prefix}{nearest}?" if nearest else ""
    return f"{prefix}{printable(key, numbers.shown(key))} is not a key.{hint} The keys are {', '.join(options)}"


def _good(option: Option) -> str:
    if "choices" in option:
        return " or ".join(option["choices"])
    return kinds.of(option) + (f" such as {option['sample']}" if "sample" in option else "")
