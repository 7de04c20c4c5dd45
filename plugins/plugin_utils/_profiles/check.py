# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate values with the schema: a sentence for each key that is unknown, missing or has an invalid value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._core.wording import closest, display_name, one_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import value_types
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import Option, Options

LONGEST = 60
# YAML reads these words as booleans.
WORDS = {**dict.fromkeys(("true", "yes", "on"), True), **dict.fromkeys(("false", "no", "off"), False)}


def wrong(
    values: Mapping[Any, Any], options: Options, prefix: str = "", elsewhere: Mapping[str, str] | None = None
) -> dict[Any, str]:
    """Return a sentence for each key that is unknown or has an invalid value.

    ``prefix`` precedes keys in messages, for example ``vgpu.``. Nested keys need a call of their own. ``elsewhere``
    maps unknown keys that users may expect to the remedy.
    """
    found = {}
    for key, value in values.items():
        if key not in options and key in (elsewhere or {}):
            found[key] = f"{prefix}{key} is not a key. {(elsewhere or {})[key]}"
        elif key not in options:
            found[key] = _unknown(key, options, prefix)
        elif not value_types.fits(value, options[key]):
            found[key] = _unfit(f"{prefix}{key}", value, options[key])
    return found


def missing(values: Mapping[Any, Any], wrong_keys: Collection[str], options: Options, label: str) -> list[str]:
    """Return a sentence for each missing or empty required key; ``label`` names the part of a profile."""
    required = [key for key, option in options.items() if option.get("required") and key not in wrong_keys]
    lacking = [key for key in required if values.get(key) in (None, "", [])]
    return [f"{label} has no {key}" if label else _missing(key, options[key]) for key in lacking]


def _missing(key: str, option: Option) -> str:
    return f"{key} is missing" + (f". Write {key}, such as {option['sample']}" if "sample" in option else "")


def parts(value: Any, label: str) -> list[tuple[str, Any]]:
    """Return the dictionaries of a value that is one or a list of them, each with its name in messages."""
    if isinstance(value, list):
        return [(f"{label}[{place}]", item) for place, item in enumerate(value)]
    return [] if value is None else [(label, value)]


def shown(value: Any) -> str:
    """Return a value for a message: in YAML spelling if it is a scalar, and shortened if it is long."""
    if value is None or isinstance(value, bool):
        return numbers.shown(value)
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        return numbers.shown(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _unknown(key: Any, options: Options, prefix: str) -> str:
    part = next((name for name, option in options.items() if key in option.get("options", {})), None)
    if part:
        remedy = f"Indent {key} below {part}, or write {part}: {{{key}: ...}}"
        return f"the key {prefix}{key} belongs to {prefix}{part}. {remedy}"
    if not isinstance(key, str):
        return f"{prefix}{shown(key)} is not a key. The keys are {', '.join(options)}"
    nearest = closest(options, key)
    hint = f" Did you mean {prefix}{nearest}?" if nearest else ""
    return f"{prefix}{display_name(key, numbers.shown(key))} is not a key.{hint} The keys are {', '.join(options)}"


def _unfit(label: str, value: Any, option: Option) -> str:
    """Return a sentence about an invalid value, with a remedy if YAML has converted a text without quotes."""
    if value is None and "choices" in option:
        return f"{label} is empty. Write {one_of([f'{label}: {choice}' for choice in option['choices']])}"
    if value is None:
        return f"{label} is empty. Write {_good(option)}" + ("" if option.get("required") else f", or remove {label}")
    if value == [] and (value_types.fits(["text"], option) or value_types.fits([{}], option)):
        return f"{label} is an empty list. Write {_good(option)}" + (
            "" if option.get("required") else f", or remove {label}"
        )
    return (
        f"{label} must be {_good(option)}, and not {shown(value)}{_quotes(value, option)}{_bare(label, value, option)}"
    )


def _bare(label: str, value: Any, option: Option) -> str:
    """Return the remedy if a value is only wrong because of its quotes."""
    if not isinstance(value, str):
        return ""
    bare: Any = WORDS.get(value.lower())
    bare = int(value) if bare is None and numbers.is_whole(value) else bare
    if bare is None or not value_types.fits(bare, option):
        return ""
    return f". Write {label.rpartition('.')[2]}: {numbers.shown(bare)} without quotes"


def _quotes(value: Any, option: Option) -> str:
    if isinstance(value, list) and value and value_types.fits(["text"] * len(value), option):
        value = next((item for item in value if not isinstance(item, str)), None)
    elif "choices" in option or not value_types.fits("text", option):
        return ""
    if isinstance(value, bool):
        return (
            ". Write the value in quotes, because YAML reads yes, on and true as true, and no, off and false as false"
        )
    return ". Write the value in quotes" if isinstance(value, (int, float)) else ""


def _good(option: Option) -> str:
    if "choices" in option:
        return one_of(option["choices"])
    return value_types.of(option) + (f" such as {option['sample']}" if "sample" in option else "")
