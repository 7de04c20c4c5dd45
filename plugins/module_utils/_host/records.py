# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write data that survives a reboot: one file ``etc/vfio-devices/<kind>/<card>.json`` for each card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .._core import json_text
from .root import HostRoot

Record = dict[str, Any]

DIRECTORY = "etc/vfio-devices"
# For data that is valid until the next boot.
RUN_DIRECTORY = "run/vfio-devices"
RECORD_SUFFIX = ".json"
# Kinds of records.
MODE_RECORDS = "sriov_pf_mode"
LAYOUT_RECORDS = "mig_layout"
INSTANCE_RECORDS = "mdev_instance"
SUBJECTS = ("function", "gpu", "identity")


def read_records(host: HostRoot, kind: str, directory: str = DIRECTORY) -> dict[str, dict[str, Any]]:
    """Return the records of one kind by card; skip files that do not contain a JSON object, with a warning."""
    records = {}
    for card in recorded_cards(host, kind, directory):
        record = _read(host, record_path(kind, card, directory))
        if record is not None:
            records[card] = record
    return records


def recorded_cards(host: HostRoot, kind: str, directory: str = DIRECTORY) -> list[str]:
    """Return the cards that have a record file, whatever its content."""
    names = host.names(f"{directory}/{kind}")
    return [name[: -len(RECORD_SUFFIX)] for name in names if name.endswith(RECORD_SUFFIX) and not name.startswith(".")]


def save_record(
    host: HostRoot, kind: str, card: str, record: Mapping[str, Any] | None, directory: str = DIRECTORY
) -> None:
    """Replace a record; None removes it."""
    if record is None:
        host.remove_file(record_path(kind, card, directory))
    else:
        host.replace_file(record_path(kind, card, directory), record_text(record))


def record_path(kind: str, card: str, directory: str = DIRECTORY) -> str:
    return f"{directory}/{kind}/{card}{RECORD_SUFFIX}"


def record_text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2, sort_keys=True) + "\n"


def shown_record(record: Mapping[str, Any] | None) -> list[str] | None:
    """Return a record for people: a short line for each field that is neither null nor empty."""
    return None if record is None else sorted(_lines(record, ()))


def _lines(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    for key, value in record.items():
        # The fields of the subject of a record are shown without its name.
        words = path if not path and key in SUBJECTS and isinstance(value, dict) else (*path, str(key))
        if isinstance(value, dict):
            yield from _lines(value, words)
        elif value is not None and value not in ("", []):
            yield f"{' '.join(words)}: {value if isinstance(value, str) else json.dumps(value)}"


def _read(host: HostRoot, file: str) -> Record | None:
    content = host.read(file)
    try:
        record = json_text.load(content) if content is not None else None
    except ValueError:
        record = content
    if record is not None and not isinstance(record, dict):
        host.warn(f"/{file} is not a record of this collection: it must be a JSON object")
        return None
    return record
