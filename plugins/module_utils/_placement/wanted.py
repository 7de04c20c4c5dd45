# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the option ``providers`` of placement_inventory, without requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from .._core import grammar
from .._core.problems import Refused
from .inventory import parse_inventory
from .model import Entry, Inventories, Node, Provider, ProviderToRemove
from .names import LONGEST_PROVIDER, MARKER, is_uuid, provider_name, resource_class, trait
from .options import check_options

# The beginning of sentences that :func:`label` creates.
LABEL = re.compile(rf"providers\[(\d+)\] \((.{{0,{LONGEST_PROVIDER}}}?)\): ")


def parse_providers(providers: Iterable[Mapping[str, Any]], options: MutableMapping[str, Any]) -> list[Entry]:
    """Return the entries in one form; raise :class:`Refused` with a sentence for each problem.

    ``options`` are the options of placement_inventory; their numbers are parsed in place.
    """
    problems = _check_options(options)
    entries = []
    for item, provider in enumerate(providers):
        found: list[str] = []
        entries.append(_entry(item, provider, options["state"] == "present", found))
        problems += [f"{label(entries[item])}: {sentence}" for sentence in found]
    problems += _find_parents(entries)
    problems += _find_loops(entries)
    if problems:
        raise Refused(problems)
    return entries


def former_roots(entries: list[Entry], providers: Mapping[str, Provider], scope: Iterable[str]) -> set[str]:
    """Return the former roots to whose trees no entry refers, and not ``scope``; ``providers`` are the known ones.

    The provider of an entry with a parent is below this parent, and never below a former root.
    """
    named = {*scope, *(key for entry in entries for key in (entry["parent"] or entry["name"], entry["uuid"]))}
    current = {one["root"] for one in providers.values() if {one["name"], one["uuid"]} & named}
    return {one for entry in entries for one in [entry["former_root"]] if one} - current


def label(entry: Entry | Node | ProviderToRemove) -> str:
    """Return the name of an entry in messages: ``providers[3] (node1_gpu0)``, or only the name if it is not listed."""
    if entry["item"] is None:
        return str(entry["name"])
    return f"providers[{entry['item']}] ({str(entry['name'] or entry['uuid'])[:LONGEST_PROVIDER]})"


def split_sentence(sentence: str) -> tuple[int | None, str]:
    """Return the index of the entry of a sentence or None, and the sentence without the index."""
    found = LABEL.match(sentence)
    if not found:
        return None, sentence
    return int(found[1]), f"{found[2]}: {sentence[found.end() :]}"


def reference(text: str) -> str:
    """Check a provider name, or return a UUID in Placement's spelling."""
    return text.lower() if is_uuid(text) else provider_name(text)


def parse_references(texts: list[str], option: str) -> list[str]:
    """Check names or UUIDs of providers and remove duplicates; raise :class:`Refused` on problems."""
    references, problems = [], []
    for text in texts:
        try:
            references.append(reference(text))
        except ValueError as error:
            problems.append(f"{option}: {error}")
    if problems:
        raise Refused(problems)
    return list(dict.fromkeys(references))


def _check_options(options: MutableMapping[str, Any]) -> list[str]:
    problems: list[str] = []
    check_options(options, problems)
    if options["purge"] and not options["scope"]:
        problems.append(
            "purge removes unlisted providers, so scope must contain the providers below which purge is allowed"
        )
    if options["state"] == "absent":
        problems += [
            f"{option} is not valid with state: absent. Remove {option}"
            for option in ("purge", "drain")
            if options[option]
        ]
    return problems


def _entry(item: int, provider: Mapping[str, Any], present: bool, found: list[str]) -> Entry:
    name = grammar.collect(provider_name, provider.get("name"), found)
    uuid = grammar.collect(grammar.uuid, provider.get("uuid"), found)
    if provider.get("name") is None and provider.get("uuid") is None:
        found.append("it has no name and no uuid")
    inventories, traits = provider.get("inventories"), provider.get("traits")
    return {
        "item": item,
        "name": name,
        "uuid": uuid,
        "parent": grammar.collect(reference, provider.get("parent"), found),
        "above": None,
        "inventories": None if inventories is None or not present else _inventories(inventories, found),
        "traits": None if traits is None or not present else _traits(traits, found),
        "optional": bool(provider.get("optional")),
        "drain": provider.get("drain"),
        "cards": _folded(provider.get("cards")) if present else None,
        "mdev_parents": _folded(provider.get("mdev_parents")) if present else None,
        "former_root": grammar.collect(grammar.uuid, provider.get("former_root"), found) if present else None,
    }


def _folded(listed: Iterable[str] | None) -> set[str] | None:
    return None if listed is None else set(map(str.casefold, listed))


def _inventories(inventories: Mapping[str, Any], found: list[str]) -> Inventories:
    parsed: Inventories = {}
    for name, fields in inventories.items():
        wrong: list[str] = []
        grammar.collect(resource_class, str(name), wrong)
        if not isinstance(fields, dict):
            wrong.append(f"it must be a dictionary with a total and not {str(fields)[:40]!r}")
        else:
            inventory = parse_inventory(fields, wrong)
            if inventory:
                parsed[str(name)] = inventory
        found += [f"inventory of {str(name)[:80]}: {sentence}" for sentence in wrong]
    return parsed


def _traits(traits: list[str], found: list[str]) -> list[str]:
    """Return the sorted traits without the marker, which is added automatically."""
    checked = {grammar.collect(trait, name, found) for name in traits}
    return sorted(name for name in checked if name and name != MARKER)


def _find_parents(entries: list[Entry]) -> list[str]:
    """Fill in ``above``, and report duplicates. MySQL usually ignores case, so names that differ only by case count."""
    problems = []
    items: dict[str, int] = {}
    for entry in entries:
        for key in filter(None, (entry["name"] and entry["name"].casefold(), entry["uuid"])):
            if key in items and items[key] != entry["item"]:
                problems.append(
                    f"{label(entry)}: it is {label(entries[items[key]])} again. "
                    "List each provider once. Names that differ only by case are equal"
                )
            items.setdefault(key, entry["item"])
    for entry in entries:
        if entry["parent"]:
            entry["above"] = items.get(entry["parent"].casefold())
    return problems


def _find_loops(entries: list[Entry]) -> list[str]:
    problems = []
    settled: set[int] = set()
    for entry in entries:
        path: list[int] = []
        item: int | None = entry["item"]
        while item is not None and item not in settled and item not in path:
            path.append(item)
            item = entries[item]["above"]
        if item is not None and item in path:
            loop = [*path[path.index(item) :], item]
            names = " below ".join(str(entries[one]["name"] or entries[one]["uuid"]) for one in loop)
            problems.append(f"{label(entries[item])}: its parents form a loop, {names}. Correct one of them")
        settled.update(path)
    return problems
