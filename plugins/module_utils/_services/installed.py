# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the version of a Python service from the metadata of its package, such as nova-34.0.0.dist-info."""

from __future__ import annotations

from .._core.patterns import lazy_pattern
from .files import Files
from .started import Started

PYTHON = lazy_pattern(r"python3(\.\d+)?\Z")
PACKAGES = ("site-packages", "dist-packages")
# A development version such as 31.1.0.dev5 does not match, because it can have options of the next release.
METADATA = lazy_pattern(r"(\w+)-(\d+(?:\.\d+)*)(?:[-+]\S*)?\.(?:dist|egg)-info\Z")


def version(files: Files, found: Started, project: str) -> str | None:
    """Return the version, or None if it is unknown or if several are installed."""
    program = (found.arguments or ("",))[0]
    prefix, separator, _name = program.rpartition("/bin/")
    if not separator:
        return None
    libraries = [f"{prefix}/lib/{name}" for name in files.names(f"{prefix}/lib") if PYTHON.match(name)]
    names = [name for library in libraries for folder in PACKAGES for name in files.names(f"{library}/{folder}")]
    versions = {match[2] for name in names for match in [METADATA.match(name)] if match and match[1] == project}
    return versions.pop() if len(versions) == 1 else None
