# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Name the command that installs a missing library for the running Python."""

from __future__ import annotations

import os
import sys
import sysconfig

from .patterns import lazy_pattern

# pipx gives each application its own environment.
PIPX = lazy_pattern(r"/pipx/venvs/([^/]+)/?\Z")
# Debian, Ubuntu, Fedora and openSUSE all use the package name python3-LIBRARY.
PACKAGE_MANAGERS = {
    "/usr/bin/apt-get": "apt install",
    "/usr/bin/dnf": "dnf install",
    "/usr/bin/zypper": "zypper install",
}


def command(library: str) -> str:
    """Return, for example, ``/usr/bin/python3 -m pip install jmespath``, or a package command if pip may not change
    Python.
    """
    application = PIPX.search(sys.prefix)
    if application:
        return f"pipx inject {application[1]} {library}"
    if sys.prefix == sys.base_prefix and _is_managed_by_the_system():
        for program, install in PACKAGE_MANAGERS.items():
            if os.path.exists(program):
                return f"{install} python3-{library}"
    return f"{sys.executable} -m pip install {library}"


def _is_managed_by_the_system() -> bool:
    """Return whether pip refuses to install for this Python (PEP 668)."""
    return os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
