# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check provider configurations like nova-compute, which does not start with an invalid one.

See nova/compute/provider_config.py. Its schema has more rules for texts than for their structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml
from ansible_collections.vfio.devices.plugins.module_utils._placement import names

COMPUTE_NODE = "$COMPUTE_NODE"
VERSION = re.compile(r"1\.([0-9]|[1-9][0-9]+)\Z")
NAME = re.compile(r"[A-Z0-9_]{1,255}\Z")
UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
INTEGERS = ("total", "reserved", "min_unit", "max_unit", "step_size")
FIELDS = (*INTEGERS, "allocation_ratio")
# nova keeps this key for itself.
SOURCE = "__source_file"
# Maximum of names in a sentence.
SHOWN = 3


class Entry(NamedTuple):
    """A provider of a file: its name or UUID, and what nova adds to it."""

    file: str
    provider: str
    traits: tuple[str, ...]
    classes: tuple[str, ...]


def entries(file: str, text: str | None) -> tuple[list[Entry], list[str]]:
    """Return the providers of a file that add something, and a sentence for each error that stops nova-compute."""
    if text is None:
        return [], ["the file cannot be read. Make it readable for nova, or remove it"]
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        return [], [f"it is not valid YAML{place}: {getattr(error, 'problem', None) or error}. Correct or remove it"]
    # PyYAML raises errors of many kinds for values such as a date in the 13th month.
    except Exception as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else f"it has an invalid value ({error})"
        )
        return [], [f"it is not valid YAML: {reason}. Correct or remove it"]
    version = content.get("meta", {}) if isinstance(content, dict) else None
    version = version.get("schema_version") if isinstance(version, dict) else None
    if not isinstance(version, str) or not VERSION.match(version):
        return [], ["it needs the text schema_version: '1.0' in meta, with the quotes"]
    problems = [f"the key {SOURCE} is reserved for nova. Remove it"] if SOURCE in content else []
    listed = content.get("providers", [])
    if not isinstance(listed, list):
        return [], [*problems, "providers must be a list"]
    found = []
    for number, one in enumerate(listed):
        wrong = list(_wrong(one))
        problems += [f"providers[{number}]: {sentence}" for sentence in wrong]
        if not wrong:
            traits, inventories = _added(one, "traits"), _added(one, "inventories")
            classes = tuple(name for inventory in inventories for name in inventory)
            (provider,) = one["identification"].values()
            # nova ignores an entry that adds nothing.
            found += [Entry(file, provider, tuple(traits), classes)] if traits or inventories else []
    return found, problems


def _wrong(one: Any) -> Iterator[str]:
    """Yield a sentence for each error of an entry of ``providers``."""
    if not isinstance(one, dict):
        yield "it must be a dictionary"
        return
    identity = one.get("identification")
    if not isinstance(identity, dict) or len(identity) != 1 or not set(identity) <= {"name", "uuid"}:
        yield "identification must have either name or uuid"
    else:
        ((key, value),) = identity.items()
        yield from _wrong_identity(key, value)
    for key in ("traits", "inventories"):
        part = one.get(key, {})
        if not isinstance(part, dict) or not isinstance(part.get("additional", []), list):
            yield f"{key} must be a dictionary with a list in additional"
        elif key == "traits":
            yield from _wrong_names("trait", part.get("additional", []))
        else:
            for inventory in part.get("additional", []):
                yield from _wrong_inventory(inventory)


def _wrong_identity(key: str, value: Any) -> Iterator[str]:
    if key == "name" and not (isinstance(value, str) and 1 <= len(value) <= names.LONGEST_PROVIDER):
        yield f"name must be a text of 1 to {names.LONGEST_PROVIDER} characters"
    elif key == "uuid" and not (isinstance(value, str) and (value == COMPUTE_NODE or UUID.match(value))):
        yield f"uuid must be a UUID or {COMPUTE_NODE}"


def _wrong_names(kind: str, listed: Any) -> Iterator[str]:
    wrong = [str(name) for name in listed if not isinstance(name, str) or not NAME.match(name)]
    wrong += [name for name in listed if str(name) not in wrong and not names.is_custom(name)]
    if wrong:
        yield f"nova accepts only names with CUSTOM_ as {kind}, and not {', '.join(wrong[:SHOWN])}"


def _wrong_inventory(inventory: Any) -> Iterator[str]:
    if not isinstance(inventory, dict):
        yield "each entry of inventories must be a dictionary by resource class"
        return
    yield from _wrong_names("resource class", inventory)
    for name, fields in inventory.items():
        if not isinstance(fields, dict) or "total" not in fields:
            yield f"the inventory of {name} needs a total"
            continue
        wrong = [str(key) for key in fields if key not in FIELDS]
        wrong += [key for key in INTEGERS if key in fields and not _is_integer(fields[key])]
        ratio = fields.get("allocation_ratio", 1)
        wrong += ["allocation_ratio"] if isinstance(ratio, bool) or not isinstance(ratio, (int, float)) else []
        if wrong:
            yield (
                f"the inventory of {name} has wrong values for {', '.join(wrong[:SHOWN])}. Its fields are "
                f"{', '.join(FIELDS)}, each with a number"
            )


def _is_integer(value: Any) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _added(one: Mapping[str, Any], key: str) -> list[Any]:
    added = one.get(key, {}).get("additional", [])
    return list(added)
