# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the option ``functions`` of sriov_pf_mode, without I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._core import grammar, numbers
from .._core.patterns import lazy_pattern
from .._core.wording import display_name
from .._devices import driver_names
from .._devices.binding import DEFAULT, NO_DRIVER
from .._model.host import OF_GPU, VfSettings
from .._model.wanted import CardWanted, VfWanted

MAX = "max"
NATIVE = "native"
VFIO_PCI = "vfio-pci"
# The VF count is a 16 bit number (drivers/pci/iov.c, sriov_numvfs_store).
MOST_VFS = 65535
MOST_RATE = 4294967295
# The maximum of each numeric setting.
LIMITS = {
    **{"vlan": 4094, "qos": 7, "min_tx_rate": MOST_RATE, "max_tx_rate": MOST_RATE},
    **dict.fromkeys(OF_GPU, 4294967295),
    # 16-bit numbers (gt/iov/intel_iov_sysfs.c of the driver i915 with SR-IOV).
    **dict.fromkeys(("contexts_quota", "doorbells_quota"), 65535),
}
DRIVER = lazy_pattern(r"(?!\.)[\w.+-]{1,64}\Z", re.ASCII)
MAC = lazy_pattern(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
INDICES = lazy_pattern(r"(\d{1,5})(?:-(\d{1,5}))?\Z", re.ASCII)
SETTINGS = VfSettings._fields
# Options that are invalid for a card that is passed through.
ONLY_VF = ("num_vfs", "vf_driver", "drivers_autoprobe", "vfs", "eswitch")
# The options of an entry in the format of argument specs.
VIRTUAL_FUNCTION = {
    "index": {"type": "str", "required": True},
    "driver": {"type": "str"},
    "mac": {"type": "str"},
    "vlan": {"type": "raw"},
    "qos": {"type": "raw"},
    "spoofchk": {"type": "bool"},
    "trust": {"type": "bool"},
    "link_state": {"type": "str", "choices": ["auto", "enable", "disable"]},
    "min_tx_rate": {"type": "raw"},
    "max_tx_rate": {"type": "raw"},
    "exec_quantum_ms": {"type": "raw"},
    "preempt_timeout_us": {"type": "raw"},
    "vram_quota": {"type": "raw"},
    "ggtt_quota": {"type": "raw"},
    "contexts_quota": {"type": "raw"},
    "doorbells_quota": {"type": "raw"},
}
FUNCTION = {
    "pf": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": ["pf", "vf"], "required": True},
    "num_vfs": {"type": "str"},
    "driver": {"type": "str"},
    "vf_driver": {"type": "str"},
    "drivers_autoprobe": {"type": "bool"},
    "reconfigurable": {"type": "bool", "default": True},
    "vfs": {"type": "list", "elements": "dict", "options": VIRTUAL_FUNCTION},
    "eswitch": {"type": "str", "choices": ["legacy", "switchdev"]},
    "label": {"type": "str"},
}


# The options of one card or VF.
Options = Mapping[str, Any]


def parse_functions(functions: Sequence[Options]) -> list[CardWanted]:
    """Return the entries in one form, each with its ``problems``."""
    entries = [_entry(place, function) for place, function in enumerate(functions)]
    seen: dict[str, tuple[int, int]] = {}
    for place, entry in enumerate(entries):
        problems = list(entry.problems)
        for index, virtual in entry.vfs.items():
            mac = virtual.settings.mac
            here = (place, index)
            first, other = seen.setdefault(mac, here) if mac else here
            if (first, other) != here:
                card = "" if first == place else f"{entries[first].label} "
                problems.append(f"VF {index} has the same mac {mac} as {card}VF {other}. Write another mac")
        entries[place] = entry._replace(problems=tuple(problems))
    return entries


def _entry(place: int, function: Options) -> CardWanted:
    found: list[str] = []
    mode = function["mode"]
    count = _count(function["num_vfs"], found)
    if mode == "pf":
        for option in ONLY_VF:
            if function[option] is not None:
                found.append(
                    f"{option} is not valid with mode pf, because the card has no virtual functions. Remove {option}"
                )
    elif function["driver"] is not None:
        found.append(
            "driver is only valid in mode pf. In mode vf the card keeps its native driver. Use vf_driver for the "
            "driver of its virtual functions"
        )
    return CardWanted(
        place=place,
        label=f"{display_name(function.get('label'), f'functions[{place}]')} ({display_name(function['pf'], '?')})",
        pf=_pf(function["pf"], found),
        name=function["pf"],
        mode=mode,
        driver=_driver(VFIO_PCI if function["driver"] is None else function["driver"], "driver", (NATIVE,), found),
        num_vfs=count,
        vf_driver=_driver(function["vf_driver"], "vf_driver", (DEFAULT, NO_DRIVER), found),
        autoprobe=function["drivers_autoprobe"],
        reconfigurable=function["reconfigurable"],
        vfs=_virtual_functions(function["vfs"] or [], count if mode == "vf" else None, found),
        eswitch=function["eswitch"],
        problems=tuple(found),
        requested=_requested(function),
    )


def _requested(function: Options) -> Mapping[str, Any]:
    """Return the entry as a record contains it, with numbers as integers."""
    given = {name: value for name, value in function.items() if value not in (None, []) and name != "label"}
    if "vfs" in given:
        given["vfs"] = [
            {
                name: int(value) if name in LIMITS and numbers.is_whole(value) else value
                for name, value in one.items()
                # Installed boot programs of older versions reject unknown names.
                if value is not None or name not in OF_GPU
            }
            for one in given["vfs"]
        ]
    return given


def _pf(text: str, found: list[str]) -> str | None:
    lower = text.lower()
    if grammar.PCI_ADDRESS.match(lower):
        return lower
    try:
        return grammar.interface_name(text)
    except ValueError:
        found.append(f"pf {text[:80]!r} is neither a PCI address such as 0000:3b:00.0 nor a network interface")
        return None


def _count(given: Any, found: list[str]) -> int | str | None:
    if given == MAX:
        return MAX
    return grammar.collect(lambda value: numbers.count(value, "num_vfs", 0, MOST_VFS, MAX), given, found)


def _driver(text: str | None, option: str, words: tuple[str, ...], found: list[str]) -> str | None:
    meant = driver_names.suggested_driver(text or "")
    if meant:
        found.append(f"{option} {display_name(text, '?')} is not the name of a driver. Write {meant}")
        return None
    if text is None or text in words or (DRIVER.match(text) and text not in (NATIVE, DEFAULT, "none")):
        return text
    choices = " or ".join(words)
    found.append(f"{option} must be the name of a driver such as {VFIO_PCI}, or {choices}, and not {text[:80]!r}")
    return None


def _virtual_functions(
    virtual_functions: Sequence[Options], count: int | str | None, found: list[str]
) -> Mapping[int, VfWanted]:
    parsed: dict[int, VfWanted] = {}
    for place, entry in enumerate(virtual_functions):
        where = f"vfs[{place}]: "
        own: list[str] = []
        indices = _indices(entry["index"], own)
        if isinstance(count, int) and indices and indices[-1] >= count:
            created = f"num_vfs {count} creates the functions 0 to {count - 1}" if count else "num_vfs is 0"
            own.append(f"there is no VF {indices[-1]}, because {created}")
            indices = range(0)
        driver = _driver(entry["driver"], "driver", (DEFAULT, NO_DRIVER), own)
        settings = _settings(entry, own)
        if settings.mac is not None and len(indices) > 1:
            own.append(f"one mac is not possible for {len(indices)} VFs. Write one entry for each VF")
            settings = settings._replace(mac=None)
        twice = [index for index in indices if index in parsed]
        if twice:
            own.append(f"VF {twice[0]} is in two entries of vfs. Remove one of them")
        parsed.update(dict.fromkeys(indices, VfWanted(driver, settings)))
        found += [where + sentence for sentence in own]
    return dict(sorted(parsed.items()))


def indices_of(index: object) -> range:
    """Return the numbers that ``index`` of an entry of ``vfs`` specifies; empty if it is invalid."""
    return _indices(str(index), [])


def _indices(text: str, found: list[str]) -> range:
    match = INDICES.match(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last or last >= MOST_VFS:
        found.append(f"index must be a number such as 3, or a range such as 2-5, and not {text[:40]!r}")
        return range(0)
    return range(first, last + 1)


def _settings(entry: Options, found: list[str]) -> VfSettings:
    checked = {**entry, **{name: _number(name, entry[name], found) for name in LIMITS}}
    settings = VfSettings(**{name: checked[name] for name in SETTINGS})
    if settings.mac is not None:
        mac = settings.mac.lower()
        settings = settings._replace(mac=mac)
        if not MAC.match(mac) or int(mac[:2], 16) & 1 or not mac.strip("0:"):
            found.append(f"mac {entry['mac'][:40]!r} is not a unicast address such as 52:54:00:12:34:56")
    if settings.qos and not settings.vlan:
        found.append("qos requires vlan, because it is a part of the VLAN tag")
    least, most_rate = settings.min_tx_rate or 0, settings.max_tx_rate or 0
    if 0 < most_rate < least:
        found.append(f"min_tx_rate {least} is more than max_tx_rate {most_rate}")
    return settings


def _number(name: str, given: Any, found: list[str]) -> int | None:
    return grammar.collect(lambda value: numbers.count(value, name, 0, LIMITS[name]), given, found)
