# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the steps from the current to the desired files of the boot service."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Union

from .._core.problems import Refused
from .._host.root import HostRoot
from . import files, interpreter

NO_INTERPRETER = (
    "this host has no Python 3.9 or later, such as /usr/bin/python3. Install Python, or set boot_python to another "
    "interpreter"
)
BOOTED = "run/systemd/system"

# Bytes of a file, the target of a link, None if there is neither.
Content = Union[bytes, str, None]
Contents = Mapping[str, Content]  # by path


class FileStep(NamedTuple):
    """One file or link to write or to remove."""

    path: str
    action: str  # created, replaced, removed
    content: Content


def observe(host: HostRoot) -> Contents:
    """Return the current content of all files and links of the program."""
    found: Contents = {path: None if host.link(path) else host.read_bytes(path) for path in files.PATHS}
    return {**found, **{path: host.link(path) for path in files.links()}}


def has_systemd(host: HostRoot) -> bool:
    """Return whether systemd runs and reads the files. Below another root, it does not."""
    return host.root == "/" and host.exists(BOOTED)


def owes_reload(host: HostRoot) -> bool:
    """Return whether an earlier run changed units and ended before systemd reloaded them."""
    return has_systemd(host) and host.exists(files.RELOAD)


def unsafe_files(host: HostRoot, current: Contents) -> dict[str, str]:
    """Return the problem of each file that users other than root can write, by path: root runs these files."""
    found = {}
    for path in files.PATHS:
        mode, owner = host.status(path) or (0, 0)
        if isinstance(current[path], bytes) and (owner != 0 or mode & interpreter.OTHERS):
            found[f"/{path}"] = f"other users than root may write it: owner {owner}, mode {mode & 0o7777:04o}"
    return found


def plan(current: Contents, wanted: Contents, unsafe: Collection[str]) -> list[FileStep]:
    """Return a step for each path that differs or is ``unsafe``; those have a leading slash.

    Files are created in dependency order and removed in reverse.
    """
    steps = []
    for path, content in wanted.items():
        if current[path] != content or f"/{path}" in unsafe:
            action = "removed" if content is None else "created" if current[path] is None else "replaced"
            steps.append(FileStep(path, action, content))
    return steps if any(content is not None for content in wanted.values()) else steps[::-1]


def paths() -> list[str]:
    return [*files.PATHS, *files.links()]


def wanted_files(host: HostRoot, present: bool, python: str | None, timeout: float, program: bytes) -> Contents:
    """Return the desired content by path; raise :class:`Refused` on problems."""
    problems = [reason for reason in map(host.refusal, paths()) if reason]
    if present and python is None:
        python = interpreter.find(host)
        problems += [] if python else [NO_INTERPRETER]
    elif present and python is not None:
        problems += filter(None, [interpreter.problem(host, python)])
    if problems:
        raise Refused(problems)
    if not present:
        return dict.fromkeys(paths())
    return {**files.files(str(python), timeout, program), **files.links()}
