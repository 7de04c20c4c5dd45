# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether records of cards and GPUs still match the host, with the plans of the modules that wrote them.

On an unchanged host, the entries of the roles equal the recorded ones. So the controller only compares these entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Optional

from .._core.problems import Refused
from .._devices.pci import PciFunction
from .._host.records import LAYOUT_RECORDS, MODE_RECORDS, Record, read_records
from .._host.root import HostError, HostRoot

if TYPE_CHECKING:
    from .._devices.mig import Gpu
    from .._model.wanted import CardWanted

# PCI functions by address.
Functions = dict[str, PciFunction]


class Recorded(NamedTuple):
    """The entries in records by address, and the reasons why a run would change something."""

    entries: Mapping[str, Mapping[str, object]]
    reasons: list[str]


def observe_modes(host: HostRoot, functions: Functions) -> Recorded:
    """Return the entries ``function`` in records of sriov_pf_mode; ``functions`` are those of the host."""
    records = read_records(host, MODE_RECORDS)
    return _modes(host, records, functions) if records else Recorded({}, [])


def _modes(host: HostRoot, records: Mapping[str, Record], functions: Functions) -> Recorded:
    # Ansible compiles each imported module again in every run.
    from .._boot.records import recorded_function
    from .._devices.identity import difference
    from .._modes.observe import observe_cards
    from .._modes.plan import plan_functions

    try:
        entries: list[CardWanted] = []
        for card, record in records.items():
            entry = recorded_function(card, record)
            # Restoration ignores that a card is pinned, but here it is part of the entry.
            given = record["function"]
            is_free = given.get("reconfigurable", True)
            entries.append(entry._replace(place=len(entries), reconfigurable=is_free, requested=given))
        state = observe_cards(host, entries, functions)
        planned = plan_functions(state, entries)
    except (Refused, HostError) as error:
        return Recorded({}, [str(error)])
    reasons = [*state.managers, *(f"{one.card.address} is busy" for one in planned if one.busy)]
    reasons += [f"{one.card.address} differs from its record" for one in planned if one.steps]
    reasons += [
        f"the record of {one.card.address} belongs to another card"
        for one in planned
        if difference((one.card.kept.record or {}).get("identity"), one.card.identity) or one.card.kept.moved_from
    ]
    return Recorded({card: record["function"] for card, record in records.items()}, reasons)


def observe_layouts(host: HostRoot, functions: Functions, gpus: Optional[dict[str, Gpu]]) -> Recorded:
    """Return the entries ``gpu`` in records of mig_layout; ``gpus`` is None if they have not been read."""
    records = read_records(host, LAYOUT_RECORDS)
    if not records:
        return Recorded({}, [])
    from .._mig import job
    from .._mig.records import recorded_layout

    try:
        wanted = [
            recorded_layout(card, record)._replace(item=place) for place, (card, record) in enumerate(records.items())
        ]
        result = job.converge(host, wanted, job.Options(skip_busy=True), True, functions, gpus)
    except (Refused, HostError) as error:
        return Recorded({}, [str(error)])
    reasons = ["a GPU differs from the record of its MIG layout"] if result["changed"] else []
    reasons += [sentence for gpu in result["gpus"] for sentence in gpu["busy"]]
    return Recorded({card: record["gpu"] for card, record in records.items()}, reasons)
