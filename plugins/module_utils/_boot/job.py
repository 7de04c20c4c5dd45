# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Install or remove what restores a host at boot: observe, plan, apply, observe again."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from .._core import problems as _plan
from .._host.root import HostError, HostRoot
from . import files as _boot_files

# What needs no quoting in a unit (systemd.service(5), "Command lines").
INTERPRETER = re.compile(r"/[\w.+@:/ -]{1,4095}\Z", re.ASCII)
BOOTED = "run/systemd/system"

State = dict[str, Any]


def converge(host: HostRoot, present: bool, python: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Bring the files to what is wanted and return the module's result; :class:`_plan.Refused` before any write."""
    if not check_mode:
        host.lock()
        for directory in sorted({path.rpartition("/")[0] for path in _paths()}):
            host.remove_unfinished(directory)
    before = observe(host)
    wanted = _wanted(host, present, python, timeout)
    steps = plan(before, wanted)
    reloaded = False
    if steps and not check_mode:
        for step in steps:
            _apply(host, step)
        after = observe(host)
        wrong = [step["path"] for step in plan(after, wanted)]
        if wrong:
            raise HostError(f"{', '.join(wrong)} is not as it was written: somebody else changes it as well", wrong[0])
    # Without a running systemd, or with that of another root, there is nobody to tell.
    if host.root == "/" and host.exists(BOOTED) and any(step["path"] != _boot_files.PROGRAM for step in steps):
        reloaded = True
        if not check_mode:
            host.run("systemctl", ["daemon-reload"])
    actions = {step["path"]: step["action"] for step in steps}
    unchanged = "kept" if present else "absent"
    return {
        "changed": bool(steps),
        "files": [{"path": f"/{path}", "action": actions.get(path, unchanged)} for path in _paths()],
        "reloaded": reloaded,
        "diff": {"before": _show(before), "after": _show({step["path"]: step["content"] for step in steps}, before)},
    }


def observe(host: HostRoot) -> State:
    """By path what there is: bytes of a file, text of a link's target, or None."""
    found: State = {path: None if host.link(path) else host.read_bytes(path) for path in _boot_files.PATHS}
    return {**found, **{path: host.link(path) for path in _boot_files.links()}}


def plan(state: State, wanted: State) -> list[dict[str, Any]]:
    """A step for each path that is not as wanted: what is started last is made last, and removed first."""
    steps = []
    for path, content in wanted.items():
        if state[path] != content:
            action = "removed" if content is None else "created" if state[path] is None else "replaced"
            steps.append({"path": path, "action": action, "content": content})
    return steps if any(content is not None for content in wanted.values()) else steps[::-1]


def _paths() -> list[str]:
    return [*_boot_files.PATHS, *_boot_files.links()]


def _wanted(host: HostRoot, present: bool, python: str, timeout: float) -> State:
    if not present:
        return dict.fromkeys(_paths())
    problems = []
    if not INTERPRETER.match(python):
        problems.append(f"python must be the absolute path of an interpreter such as /usr/bin/python3, not {python!r}")
    if problems:
        raise _plan.Refused(problems)
    return {**_boot_files.files(python, timeout), **_boot_files.links()}


def _apply(host: HostRoot, step: dict[str, Any]) -> None:
    path, content = step["path"], step["content"]
    if content is None:
        host.remove_file(path)
    elif isinstance(content, str):
        host.replace_link(path, content)
    else:
        host.replace_file(path, content)


def _show(state: State, below: State | None = None) -> dict[str, str | None]:
    """For the difference: texts as they are, the program by its checksum, ``state`` over ``below``."""
    shown: dict[str, str | None] = {}
    for path, content in {**(below or {}), **state}.items():
        text = content.decode(errors="replace") if isinstance(content, bytes) else content
        if path == _boot_files.PROGRAM and isinstance(content, bytes):
            text = f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
        shown[f"/{path}"] = text
    return shown
