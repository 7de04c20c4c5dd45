# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Pack files of the engine as one program: a zip file that Python runs (zipapp), with reproducible content."""

from __future__ import annotations

import functools
import importlib.util
import io
import re
import zipfile

PACKAGE = "vfio_devices"
MAIN = """# SPDX-License-Identifier: GPL-3.0-or-later
import sys

from {package}.{program} import main as program

sys.exit(program.main())
"""
# Parsing the whole text takes ten times as long.
IMPORT = re.compile(r"^[ \t]*from (\.{1,2})([\w.]*) import (\([^)]*\)|[^\n#]+)", re.MULTILINE)
# The earliest time that a zip file can contain.
MOMENT = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
UNIX = 3


@functools.cache
def build(program: str = "_boot") -> bytes:
    """Return the program that starts with ``main`` of a package.

    It is built once per process. It is not compressed, because compressed bytes depend on the zlib version of the host.
    """
    files = {"__main__.py": MAIN.format(package=PACKAGE, program=program), f"{PACKAGE}/__init__.py": ""}
    for name, text in sources(f"{program}.main").items():
        package, dummy, file = name.rpartition(".")
        files[f"{PACKAGE}/{package}/__init__.py"] = ""
        files[f"{PACKAGE}/{package}/{file}.py"] = text
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path, text in sorted(files.items()):
            entry = zipfile.ZipInfo(path, MOMENT)
            entry.create_system = UNIX
            entry.external_attr = READABLE
            archive.writestr(entry, text.encode())
    return content.getvalue()


def sources(first: str = "_boot.main") -> dict[str, str]:
    """Return the texts of a program's first file and of all its imports from the collection, by package and name.

    They come from the loader of this file: on a host, the whole engine is in the zip file of the module.
    """
    top = __name__.rpartition("._boot.")[0]
    found: dict[str, str] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _source(f"{top}.{name}")
            waiting += _imported(name, found[name])
    return dict(sorted(found.items()))


def _source(name: str) -> str:
    spec = importlib.util.find_spec(name)
    get_source = getattr(spec.loader if spec else None, "get_source", None)
    text = get_source(name) if get_source else None
    if isinstance(text, bytes):
        # The collection loader of a controller returns bytes.
        text = text.decode()
    if not isinstance(text, str):
        raise RuntimeError(f"Source file {name} of the collection is not available on the controller")
    return text


def _imported(name: str, text: str) -> list[str]:
    """Return the files that a text imports, from its own package (``.a``) and from others (``.._p.a``)."""
    names = []
    for dots, module, listed in IMPORT.findall(text):
        path = [name.partition(".")[0]] if dots == "." else []
        path += module.split(".") if module else []
        imported = [one.split()[0] for one in listed.strip("()").split(",") if one.strip()]
        names += [".".join(path)] if len(path) == 2 else [".".join([*path, one]) for one in imported]
    return names


def _ship() -> None:
    """Never called. The import makes Ansible ship the program without compiling it."""
    from . import main  # noqa: F401
