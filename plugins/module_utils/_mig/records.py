# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Records that restore a MIG layout at boot: the driver loses all instances, on newer GPUs the mode too."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .._core.problems import Refused
from .._host.records import Record
from .wanted import Wanted, parse_gpus


class Change(NamedTuple):
    """The record of a GPU before and after a run; None means no record."""

    old: Optional[Record]
    new: Optional[Record]


def record(wanted: Wanted, model: str, identity: dict[str, str]) -> Record:
    gpu = {
        "pf": wanted.pf,
        "enabled": wanted.enabled,
        "layout": dict(wanted.layout),
        "compute_instances": wanted.compute,
    }
    return {"gpu": gpu, "model": model, "identity": identity}


def recorded_layout(card: str, kept: Record) -> Wanted:
    """Return the entry in a record; raise Refused if the record is invalid, because anyone may have edited it."""
    gpu = kept.get("gpu")
    types: dict[str, type] = {"pf": str, "enabled": bool, "layout": dict, "compute_instances": bool}
    if not isinstance(gpu, dict) or any(not isinstance(gpu.get(name), kind) for name, kind in types.items()):
        raise Refused([f"the record of {card} is not one of mig_layout"])
    if gpu["pf"] != card:
        raise Refused([f"the record of {card} names another GPU, {gpu['pf'][:80]}"])
    return parse_gpus([{**{name: gpu[name] for name in types}, "label": card}])[0]
