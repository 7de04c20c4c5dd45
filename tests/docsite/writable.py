# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generate the list of paths that the collection may write, for the safety guide.

python -m tests.docsite.writable writes the list into the guide.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import FRAMEWORKS
from ansible_collections.vfio.devices.plugins.module_utils._host import writable

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/docsite/rst/guide_safety.rst"
BEGIN = (
    ".. The list is that of plugins/module_utils/_host/writable.py, written by python -m tests.docsite.writable.\n\n"
)
END = "\n.. End of the list.\n"


def table() -> str:
    """Return the entries in order as reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 50 20 30", ""]
    rows = [("Path", "Written by", "Purpose")]
    of_frameworks = [writable.OF_FRAMEWORKS[path] for framework in FRAMEWORKS for path in framework.PATHS]
    for entry in sorted([*writable.PATHS, *of_frameworks], key=lambda entry: entry.how != writable.ATTRIBUTE):
        path = f"the path in ``{entry.pattern[1:-1]}``" if entry.how == writable.VARIABLE else f"``/{entry.pattern}``"
        rows.append((path, entry.writer, entry.why))
    for row in rows:
        lines += [f"   {'* -' if not place else '  -'} {cell}" for place, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def shown(guide: str) -> str:
    """Return the list in the text of the guide."""
    return guide.partition(BEGIN)[2].partition(END)[0]


def renewed(guide: str) -> str:
    """Return the text of the guide with the list of the code."""
    before, begin, rest = guide.partition(BEGIN)
    return f"{before}{begin}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    GUIDE.write_text(renewed(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
