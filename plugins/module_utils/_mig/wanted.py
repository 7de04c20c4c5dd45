# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the option ``gpus`` of mig_layout, without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._core.grammar import collect, pci_address
from .._core.numbers import count, shown
from .._core.patterns import lazy_pattern
from .._core.problems import Refused

# Names as in `nvidia-smi mig -lgip`, such as `1g.18gb` and `1g.10gb+me.all`.
PROFILE = lazy_pattern(r"[0-9]{1,2}g\.[0-9]{1,4}gb(?:[+-][a-z0-9.]{1,20}){0,3}\Z")
# More than any GPU supports.
MOST = 64
# The options of an entry in the format of an argument spec.
GPU = {
    "pf": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "layout": {"type": "dict"},
    "compute_instances": {"type": "bool", "default": True},
    "replace_vgpus": {"type": "bool", "default": False},
    "label": {"type": "str"},
}


class Wanted(NamedTuple):
    """One entry of the option ``gpus``. ``layout`` contains profiles and their counts, which are not 0."""

    item: int
    label: str
    pf: str
    enabled: bool
    layout: tuple[tuple[str, int], ...]
    compute: bool
    replace_vgpus: bool = False


def parse_gpus(gpus: list[Mapping[str, Any]]) -> list[Wanted]:
    """Return the entries; raise Refused with a sentence for each problem.

    The keys of an entry are those of :data:`GPU`; ``replace_vgpus`` may be missing, as in records.
    """
    problems: list[str] = []
    wanted: list[Wanted] = []
    labels: dict[str, str] = {}
    for item, gpu in enumerate(gpus):
        label = gpu.get("label") or f"gpus[{item}]"
        found: list[str] = []
        address = collect(pci_address, gpu["pf"], found)
        layout = _layout(gpu, found)
        if address in labels:
            found.append(f"{address} is in {labels[address]} as well. Name each GPU once")
        if address is not None:
            labels[address] = label
            replace = gpu.get("replace_vgpus", False)
            wanted.append(Wanted(item, label, address, gpu["enabled"], layout, gpu["compute_instances"], replace))
        problems += [f"{label}: {sentence}" for sentence in found]
    if problems:
        raise Refused(problems)
    return wanted


def _layout(gpu: Mapping[str, Any], problems: list[str]) -> tuple[tuple[str, int], ...]:
    layout = gpu.get("layout")
    if not gpu["enabled"]:
        if layout:
            problems.append("layout has profiles, but enabled is false. Leave layout out, or set enabled: true")
        return ()
    if layout is None:
        problems.append("layout is missing. Name the profiles, such as {1g.18gb: 4}. {} means no GPU instances")
        return ()
    counts: dict[str, int] = {}
    for name, number in layout.items():
        if not isinstance(name, str) or not PROFILE.match(name):
            problems.append(f"{shown(name)} is not a MIG profile such as '1g.18gb'. See nvidia-smi mig -lgip")
            continue
        try:
            counts[name] = count(number, f"layout.{name}", 0, MOST)
        except ValueError as error:
            problems.append(str(error))
    return tuple((name, number) for name, number in counts.items() if number)
