# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Install or remove what restores a host at boot: observe, plan, apply, observe again."""

from __future__ import annotations

import hashlib
from typing import Any

from .._core.problems import Refused
from .._host.root import HostError, HostRoot
from . import files, interpreter

BOOTED = "run/systemd/system"

NO_INTERPRETER = (
    "this host has no Python 3.9 or later, such as /usr/bin/python3. Install it, or set the option python of "
    "boot_restore to another interpreter"
)

State = dict[str, Any]


def converge(host: HostRoot, present: bool, python: str | None, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Bring the files to what is wanted and return the module's result; :class:`Refused` before any write.

    ``python`` is the path of the interpreter that runs the program, None for a lasting one of the system.
    """
    if not check_mode:
        host.lock()
        for directory in sorted({path.rpartition("/")[0] for path in _paths()}):
            host.remove_unfinished(directory)
    before = observe(host)
    wanted = _wanted(host, present, python, timeout)
    unsafe = _unsafe(host, before)
    steps = plan(before, wanted, set(unsafe))
    reloaded = False
    if steps and not check_mode:
        for step in steps:
            _apply(host, step)
        after = observe(host)
        wrong = [step["path"] for step in plan(after, wanted, set(_unsafe(host, after)))]
        if wrong:
            raise HostError(
                f"{', '.join(wrong)} differs from the written content, because another program changes it", wrong[0]
            )
    # Without a running systemd, or below another root, no systemd needs a reload.
    if host.root == "/" and host.exists(BOOTED) and any(step["path"] != files.PROGRAM for step in steps):
        reloaded = True
        if not check_mode:
            host.run("systemctl", ["daemon-reload"])
    actions = {step["path"]: step["action"] for step in steps}
    unchanged = "kept" if present else "absent"
    return {
        "changed": bool(steps),
        "files": [{"path": f"/{path}", "action": actions.get(path, unchanged)} for path in _paths()],
        "reloaded": reloaded,
        "diff": [
            {
                "before_header": f"/{step['path']}",
                "after_header": f"/{step['path']}",
                "before": unsafe.get(f"/{step['path']}") or _show(step["path"], before[step["path"]]),
                "after": _show(step["path"], step["content"]),
            }
            for step in steps
        ],
    }


def observe(host: HostRoot) -> State:
    """By path the current content: bytes of a file, text of a link's target, or None."""
    found: State = {path: None if host.link(path) else host.read_bytes(path) for path in files.PATHS}
    return {**found, **{path: host.link(path) for path in files.links()}}


def _unsafe(host: HostRoot, state: State) -> dict[str, str]:
    """By path what is wrong with each file that others than root may write: root runs what is in it."""
    found = {}
    for path in files.PATHS:
        mode, owner = host.status(path) or (0, 0)
        if isinstance(state[path], bytes) and (owner != 0 or mode & interpreter.OTHERS):
            found[f"/{path}"] = f"other users than root may write it: owner {owner}, mode {mode & 0o7777:04o}"
    return found


def plan(state: State, wanted: State, unsafe: set[str]) -> list[dict[str, Any]]:
    """A step for each path that is not as wanted: what is started last is made last, and removed first."""
    steps = []
    for path, content in wanted.items():
        if state[path] != content or f"/{path}" in unsafe:
            action = "removed" if content is None else "created" if state[path] is None else "replaced"
            steps.append({"path": path, "action": action, "content": content})
    return steps if any(content is not None for content in wanted.values()) else steps[::-1]


def _paths() -> list[str]:
    return [*files.PATHS, *files.links()]


def _wanted(host: HostRoot, present: bool, python: str | None, timeout: float) -> State:
    problems = [reason for reason in map(host.refusal, _paths()) if reason]
    if present and python is None:
        python = interpreter.find(host)
        problems += [] if python else [NO_INTERPRETER]
    elif present and python is not None:
        problems += filter(None, [interpreter.problem(host, python)])
    if problems:
        raise Refused(problems)
    if not present:
        return dict.fromkeys(_paths())
    return {**files.files(str(python), timeout), **files.links()}


def _apply(host: HostRoot, step: dict[str, Any]) -> None:
    path, content = step["path"], step["content"]
    if content is None:
        host.remove_file(path)
    elif isinstance(content, str):
        host.replace_link(path, content)
    else:
        host.replace_file(path, content)


def _show(path: str, content: bytes | str | None) -> str | None:
    """For the difference: texts as they are, the program by its checksum, a link by its target."""
    if content is None:
        return None
    if isinstance(content, str):
        return f"link to {content}"
    if path == files.PROGRAM:
        return f"program of {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
    return content.decode(errors="replace")
