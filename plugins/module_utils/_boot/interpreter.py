# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the interpreter that runs the program as root at boot: permanent, and writable only for root."""

from __future__ import annotations

import re
import stat

from .._core.patterns import lazy_pattern
from .._host.root import HostError, HostRoot

# Characters that need no quoting in a unit (systemd.service(5), "Command lines").
PATH = lazy_pattern(r"/[\w.+@:/ -]{1,4095}\Z", re.ASCII)
OLDEST = (3, 9)
# Usual paths: the default, newer versions next to an old default, RHEL's platform Python, and a build from source.
LASTING = (
    "/usr/bin/python3",
    *(f"/usr/bin/python3.{minor}" for minor in range(20, 8, -1)),
    "/usr/libexec/platform-python",
    "/usr/local/bin/python3",
)
SAYS_ITS_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
VERSION = lazy_pattern(r"([0-9]{1,4})\.([0-9]{1,4})\Z")
# In seconds: the timeout for printing the version.
PATIENCE = 10.0
MOST_LINKS = 40
OTHERS = stat.S_IWGRP | stat.S_IWOTH
UNSAFE = "must not be run by root at boot:"
REMEDY = "Omit the option python, or set it to an interpreter that only root can change"


def find(host: HostRoot) -> str | None:
    """Return the first permanent interpreter of the host that is suitable, or None."""
    return next((path for path in LASTING if problem(host, path) is None), None)


def problem(host: HostRoot, path: str) -> str | None:
    """Return why an interpreter is unsuitable, or None.

    Below another root than /, it is not started, because it may be for another machine. Only its files are checked.
    """
    if not PATH.match(path):
        return f"python must be the absolute path of an interpreter such as /usr/bin/python3, and not {path[:100]!r}"
    found = _problem_of_files(host, path)
    if found or host.root != "/":
        return f"python {path} {found}" if found else None
    try:
        output = host.run(path[1:], ["-I", "-c", SAYS_ITS_VERSION], timeout=PATIENCE).strip()
    except HostError as error:
        return f"python {path} cannot be run: {error}"
    version = VERSION.match(output)
    if not version:
        return f"python {path} is not a Python interpreter. Its version output is {output[:40]!r}"
    if tuple(map(int, version.groups())) < OLDEST:
        return f"python {path} is Python {output}. The program needs {'.'.join(map(str, OLDEST))} or later"
    return None


def _problem_of_files(host: HostRoot, path: str) -> str | None:
    """Check each directory of the path and the file, including all targets of symbolic links."""
    waiting = path.strip("/").split("/")[::-1]
    way: list[str] = []
    links = 0
    while True:
        name = "/".join(way)
        status = host.status(name)
        if status is None:
            return f"does not exist: there is no /{name}"
        mode, owner = status
        if stat.S_ISLNK(mode):
            links += 1
            target = host.link(name) or ""
            way = [] if target.startswith("/") else way[:-1]
            waiting += target.strip("/").split("/")[::-1]
            if links > MOST_LINKS:
                return "has too many symbolic links"
        elif owner != 0:
            return f"{UNSAFE} /{name} belongs to user {owner}. {REMEDY}"
        elif mode & OTHERS:
            return f"{UNSAFE} other users may write to /{name} (mode {stat.S_IMODE(mode):04o}). {REMEDY}"
        elif not waiting:
            if not stat.S_ISREG(mode) or not mode & stat.S_IXUSR:
                return f"is not a program: /{name} is {'no file' if not stat.S_ISREG(mode) else 'not executable'}"
            return None
        elif not stat.S_ISDIR(mode):
            return f"does not exist: /{name} is not a directory"
        if not waiting:
            return f"does not exist: /{name} is a broken link"
        part = waiting.pop()
        way = way[:-1] if part == ".." else way if part in ("", ".") else [*way, part]
