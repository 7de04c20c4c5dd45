# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The engine's own files as one program: a zip file that Python runs (zipapp), with the very same bytes each time."""

from __future__ import annotations

import ast
import importlib.util
import io
import zipfile

from . import _restore_cli

PACKAGE = "vfio_devices"
MAIN = f"""# SPDX-License-Identifier: GPL-3.0-or-later
import sys

from {PACKAGE} import {_restore_cli.__name__.rpartition(".")[2]} as program

sys.exit(program.main())
"""
# The first moment that a zip file can name.
MOMENT = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
UNIX = 3


def build() -> bytes:
    """The whole program. It is not compressed: the bytes would depend on the host's version of zlib."""
    files = {"__main__.py": MAIN, f"{PACKAGE}/__init__.py": ""}
    files.update((f"{PACKAGE}/{name}.py", text) for name, text in sources().items())
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path, text in sorted(files.items()):
            entry = zipfile.ZipInfo(path, MOMENT)
            entry.create_system = UNIX
            entry.external_attr = READABLE
            archive.writestr(entry, text.encode())
    return content.getvalue()


def sources() -> dict[str, str]:
    """By name the text of the program's first file and of all that it imports from here.

    They are asked of whatever has imported this file: on a host the whole engine lies in the zip file of the module.
    """
    package, dummy, first = _restore_cli.__name__.rpartition(".")
    found: dict[str, str] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _source(f"{package}.{name}")
            waiting += _imported(found[name])
    return dict(sorted(found.items()))


def _source(name: str) -> str:
    spec = importlib.util.find_spec(name)
    get_source = getattr(spec.loader if spec else None, "get_source", None)
    text = get_source(name) if get_source else None
    if not isinstance(text, str):
        raise RuntimeError(f"the source of {name} is not to be had")
    return text


def _imported(text: str) -> list[str]:
    """The files beside this one that a text imports: ``from . import _a`` and ``from ._a import b``."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            names += [node.module] if node.module else [alias.name for alias in node.names]
    return names
