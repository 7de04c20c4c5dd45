# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Install or remove the boot service: observe, plan, apply, observe."""

from __future__ import annotations

import hashlib
from typing import Any

from .._host.root import HostError, HostRoot
from .._run import record_space
from . import archive, files
from .plan import (
    Content,
    Contents,
    FileStep,
    has_systemd,
    observe,
    owes_reload,
    paths,
    plan,
    unsafe_files,
    wanted_files,
)


def converge(host: HostRoot, present: bool, python: str | None, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Write the files and return the module's result; raise :class:`Refused` before any write.

    ``python`` is the path of the interpreter that runs the program; None selects a permanent one of the system.
    """
    if not check_mode:
        host.lock()
        for directory in sorted({path.rpartition("/")[0] for path in paths()}):
            host.remove_unfinished(directory)
    before = observe(host)
    wanted = wanted_files(host, present, python, timeout, archive.build() if present else b"")
    unsafe = unsafe_files(host, before)
    steps = plan(before, wanted, unsafe)
    owed = owes_reload(host)
    reloads = owed or (has_systemd(host) and any(step.path != files.PROGRAM for step in steps))
    written = [(step.path, step.content) for step in steps if step.content is not None]
    if reloads and not owed:
        written.append((files.RELOAD, files.OWED))
    record_space.check(host, written, write=not check_mode, what=files.DESCRIPTION)
    if not check_mode:
        if reloads and not owed:
            # If this run ends before the reload, the next run does it.
            host.replace_file(files.RELOAD, files.OWED)
        for step in steps:
            _apply(host, step)
        if steps:
            _verify(host, wanted)
        if reloads:
            host.run("systemctl", ["daemon-reload"])
            host.remove_file(files.RELOAD)
    return {
        "changed": bool(steps) or owed,
        "files": _actions(steps, unchanged="kept" if present else "absent"),
        "reloaded": reloads,
        "diff": [_difference(step, before[step.path], unsafe.get(f"/{step.path}")) for step in steps],
    }


def _actions(steps: list[FileStep], unchanged: str) -> list[dict[str, str]]:
    actions = {step.path: step.action for step in steps}
    return [{"path": f"/{path}", "action": actions.get(path, unchanged)} for path in paths()]


def _difference(step: FileStep, before: Content, unsafe: str | None) -> dict[str, str | None]:
    """Return both sides of a diff; ``unsafe`` is shown instead of the content of a file that others may write."""
    return {
        "before_header": f"/{step.path}",
        "after_header": f"/{step.path}",
        "before": f"{unsafe}\n" if unsafe else _show(step.path, before, step.content),
        "after": _show(step.path, step.content, before),
    }


def _verify(host: HostRoot, wanted: Contents) -> None:
    after = observe(host)
    wrong = [step.path for step in plan(after, wanted, unsafe_files(host, after))]
    if wrong:
        raise HostError(
            f"{', '.join(wrong)} differs from the written content, because another program changes it", wrong[0]
        )


def _apply(host: HostRoot, step: FileStep) -> None:
    path, content = step.path, step.content
    if content is None:
        host.remove_file(path)
    elif isinstance(content, str):
        host.replace_link(path, content)
    else:
        host.replace_file(path, content)


def _show(path: str, content: Content, other: Content) -> str | None:
    """Return the content for a diff as lines: text, the checksum of the program, or the target of a link.

    The text of a new or removed file is the same on all hosts, so only its size is shown. ``other`` is the other side.
    """
    if content is None:
        return None
    if isinstance(content, str):
        return f"link to {content}\n"
    if path == files.PROGRAM:
        return f"program of {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}\n"
    return f"file of {len(content)} bytes\n" if other is None else content.decode(errors="replace")
