# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read providers and their details from Placement, on a few threads."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Literal

from .._core import progress
from .api import Placement
from .model import Identity, Provider
from .names import is_uuid

# Each thread has its own connection.
THREADS = 6
# The largest number of reads of one provider until its inventories and traits have the same generation.
READS = 10


def observe_trees(
    placement: Placement, pool: ThreadPoolExecutor, roots: list[str], usages: bool
) -> tuple[dict[str, Provider], list[str]]:
    """Return all providers of the trees of the roots by UUID, and the roots that do not exist."""
    providers = read_trees(placement, pool, roots)
    names = {provider["name"] for provider in providers.values()}
    missing = [one for one in roots if one not in names and one not in providers]
    read_details(placement, pool, providers, list(providers), list(providers))
    uuids = list(providers) if usages else []
    for uuid, used in zip(uuids, pool.map(placement.usages, uuids)):
        providers[uuid]["usages"] = used
    return providers, missing


def read_details(
    placement: Placement,
    pool: ThreadPoolExecutor,
    providers: dict[str, Provider],
    inventories: list[str],
    traits: list[str],
    report_progress: progress.Reporter = progress.silent,
) -> None:
    """Add inventories and traits to the providers with these UUIDs; remove providers that no longer exist.

    The generation is that of the earlier read, so a write with it fails if anything has changed since.
    """
    jobs: list[tuple[str, Literal["inventories", "traits"], Callable[[str], Any]]] = [
        *((uuid, "inventories", placement.inventories) for uuid in inventories),
        *((uuid, "traits", placement.traits) for uuid in traits),
    ]
    jobs.sort(key=lambda job: job[0])
    number = len({job[0] for job in jobs})
    gone = set()
    fresh: set[str] = set()
    for (uuid, field, _read), found in zip(jobs, pool.map(lambda job: job[2](job[0]), jobs)):
        if found is None:
            gone.add(uuid)
            continue
        generation, providers[uuid][field] = found
        providers[uuid]["generation"] = min(generation, providers[uuid]["generation"]) if uuid in fresh else generation
        fresh.add(uuid)
        report_progress("providers read", len(fresh) + len(gone), number)
    while gone:
        # Placement removes children first, so providers below a removed one do not exist either.
        for uuid in gone:
            del providers[uuid]
        gone = {uuid for uuid, one in providers.items() if one["parent"] and one["parent"] not in providers}


def read_one(placement: Placement, known: Identity) -> Provider | None:
    """Return a provider with its current details, or None if it no longer exists.

    Another client is writing to it, so inconsistent data is read again immediately, instead of in a write that fails.
    """
    uuid = known["uuid"]
    inventories, traits = placement.inventories(uuid), placement.traits(uuid)
    for _attempt in range(READS):
        if inventories is None or traits is None:
            return None
        if inventories[0] == traits[0]:
            break
        if inventories[0] < traits[0]:
            inventories = placement.inventories(uuid)
        else:
            traits = placement.traits(uuid)
    if inventories is None or traits is None:
        return None
    return {
        **known,
        "generation": min(inventories[0], traits[0]),
        "inventories": inventories[1],
        "traits": traits[1],
        "usages": None,
    }


def read_trees(placement: Placement, pool: ThreadPoolExecutor, references: Iterable[str]) -> dict[str, Provider]:
    """Return all providers of the trees of names or UUIDs by UUID, without inventories and traits."""
    distinct = dict.fromkeys(references)
    names = [one for one in distinct if not is_uuid(one)]
    roots = dict.fromkeys(found["root"] for found in pool.map(placement.find, names) if found)
    providers: dict[str, Provider] = {}

    def read(uuids: list[str]) -> None:
        for tree in pool.map(placement.tree, uuids):
            for provider in tree:
                providers[provider["uuid"]] = {**provider, "inventories": None, "traits": None, "usages": None}

    read(list(roots))
    read([one for one in distinct if is_uuid(one) and one not in providers])
    return providers
