# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find unknown names in nova's device settings; nova ignores most of them silently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._core import json_text
from .._core.wording import closest, display_name
from . import oslo

TYPES = ("enabled_mdev_types", "enabled_vgpu_types")
SPECS = ("device_spec", "passthrough_whitelist")
OF_A_TYPE = ("device_addresses", "max_instances", "mdev_class")
# Type sections are [mdev_<type>], or [vgpu_<type>] before nova 24.
PREFIXES = ("mdev_", "vgpu_")
# Former names of options (nova/conf/pci.py, nova/conf/devices.py). The function ``current`` has those of type sections.
FORMER = {
    ("devices", "enabled_vgpu_types"): ("devices", "enabled_mdev_types"),
    ("pci", "passthrough_whitelist"): ("pci", "device_spec"),
    ("DEFAULT", "pci_passthrough_whitelist"): ("pci", "device_spec"),
    ("DEFAULT", "pci_alias"): ("pci", "alias"),
}
OPTIONS = {"devices": TYPES, "pci": ("alias", *SPECS, "report_in_placement")}
# Names that occur in only one section; other names are too common.
PLACES = {**dict.fromkeys(TYPES, "devices"), **dict.fromkeys([*SPECS, "report_in_placement"], "pci")}
TAGS = (
    *("address", "devname", "live_migratable", "managed", "one_time_use", "physical_network", "product_id"),
    *("remote_managed", "resource_class", "traits", "trusted", "vendor_id"),
)
OF_AN_ALIAS = (
    *("capability_type", "device_type", "live_migratable", "name", "numa_policy", "product_id", "resource_class"),
    *("traits", "vendor_id"),
)


def current(section: str, name: str) -> tuple[str, str]:
    """Return section and name of an option in the newest nova release."""
    if section.startswith(PREFIXES[1]) and name == OF_A_TYPE[0]:
        return PREFIXES[0] + section[len(PREFIXES[1]) :], name
    return FORMER.get((section, name), (section, name))


def is_of_devices(section: str, name: str) -> bool:
    """Return whether an option is about devices; sections of types are in lower case."""
    if section.startswith(PREFIXES):
        return name in OF_A_TYPE
    return name in OPTIONS.get(section, ()) or (section, name) == ("filter_scheduler", "pci_in_placement")


def unknown(files: Iterable[tuple[str, str]]) -> list[str]:
    """Return a sentence for each unknown name in ``files``, which are pairs of path and text."""
    entries = [(path, *entry) for path, text in files for entry in oslo.entries(text)]
    enabled = {
        oslo.group(word.strip())
        for _path, section, name, value in entries
        if section == "devices" and name in TYPES
        for word in value.split(",")
    }
    return list(dict.fromkeys(sentence for entry in entries for sentence in _of(*entry, enabled)))


def _of(path: str, section: str, name: str, value: str, enabled: set[str]) -> Iterator[str]:
    if section.startswith(PREFIXES):
        kind = section.partition("_")[2]
        if kind not in enabled:
            yield (
                f"{path}: nova ignores the section [{_shown(section)}], because {_shown(kind)} is not in "
                f"enabled_mdev_types of [devices]{_hint(kind, enabled)}"
            )
        elif name not in OF_A_TYPE:
            yield f"{path}: nova has no option {_shown(name)} in [{_shown(section)}]{_hint(name, OF_A_TYPE)}"
        return
    known = OPTIONS.get(section)
    if known is not None and name not in known:
        yield f"{path}: nova has no option {_shown(name)} in [{section}]{_hint(name, known)}"
    elif known is None and name in PLACES:
        yield f"{path}: nova reads {name} only in [{PLACES[name]}], and not in [{_shown(section)}]."
    elif section == "pci" and name in (*SPECS, "alias"):
        keys = OF_AN_ALIAS if name == "alias" else TAGS
        yield from (
            f"{path}: nova has no key {_shown(key)} in {name} of [pci]{_hint(key, keys)}"
            for key in _keys(value)
            if key not in keys
        )


def _keys(value: str) -> list[str]:
    """Return the keys of a JSON dictionary or a list of dictionaries; nova itself rejects other values."""
    try:
        parsed = _parsed(value)
    except ValueError:
        return []
    return [key for one in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(one, dict) for key in one]


def _parsed(value: str) -> Any:
    """Return the JSON of a value as nova receives it; raise ``ValueError`` for other text."""
    return json_text.load(value.replace("$$", "$"))


def _hint(name: str, known: Iterable[str]) -> str:
    found = closest(known, name)
    return f". Did you mean {found}?" if found else f". It has {', '.join(sorted(known)) or 'none'}."


def _shown(name: str) -> str:
    return display_name(name, "with control characters")


def no_json(texts: Mapping[str, str], program: str) -> list[str]:
    """Return a sentence for each value of [pci] that nova cannot parse (nova/pci/devspec.py, nova/pci/request.py)."""
    found = []
    for file, text in texts.items():
        for section, option, value in oslo.entries(text):
            # A reference to another option is unknown.
            given = value.replace("$$", "")
            if current(section, option) in oslo.SEVERAL and given and "$" not in given:
                try:
                    _parsed(value)
                except ValueError:
                    found.append(
                        f"{file}: {option} of [{section}] is not JSON, so {program} does not start: {value[:80]!r}. "
                        'Write a dictionary with double quotes, such as {"vendor_id": "10de"}.'
                    )
    return found
