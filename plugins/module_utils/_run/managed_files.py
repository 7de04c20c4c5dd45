# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Implement managed_files: observe all paths, reject files of other programs, write."""

from __future__ import annotations

from typing import Callable, NamedTuple

from .._core import grammar
from .._core.patterns import lazy_pattern
from .._core.problems import Refused
from .._host import durable_files, ownership, replacement, writable
from .._host.errors import describe, error_name
from .._host.root import HostError

MODE = lazy_pattern(r"0?[0-7]{3,4}\Z")
NEW_MODE = 0o644
# The number of problems in a message: the controller may have one file per host.
SHOWN = 15

# Actions that write a new file, and that change nothing.
WRITING = ("created", "replaced", "renewed")
UNCHANGED = ("kept", "absent")
# Actions that a service which reads the file does not notice.
SILENT = (*UNCHANGED, "renewed")


class Requested(NamedTuple):
    """One entry of the option ``files`` as given."""

    path: str
    content: str | None
    variable: str
    suggestion: str
    owner: str
    group: str
    mode: str
    ignore_others: bool = False


class Result(NamedTuple):
    changed: bool
    restart: bool
    files: list[dict[str, str]]
    diff: list[dict[str, str]]


class Wanted(NamedTuple):
    """One validated entry of the option ``files``.

    ``full_path`` includes the root of the host, ``variable`` its name in messages, and ``suggestion`` a valid
    path. ``content`` is None to only check the path, and empty to remove the file. If ``mode``, ``uid`` or ``gid`` is
    None, it stays unchanged. If ``ignore_others``, nothing is written, so a file of another program may remain.
    """

    full_path: str
    variable: str
    suggestion: str
    content: bytes | None
    mode: int | None
    uid: int | None
    gid: int | None
    ignore_others: bool


class Step(NamedTuple):
    """The action for one path. ``content`` is None to remove the file, ``before`` is None if it is missing.

    ``entry`` is the state of the path at planning time.
    """

    action: str
    full_path: str
    before: bytes | None
    content: bytes | None
    mode: int
    uid: int
    gid: int
    entry: ownership.Entry | None


def converge(
    root: str, files: list[Requested], check_mode: bool, prepare: Callable[[list[str]], None] | None = None
) -> Result:
    """Write all files and return the module's result; raise ``Refused`` before the first write.

    ``prepare`` is called before the first write with the paths whose readers will need a restart, if there are any. The
    ``result`` of a ``HostError`` contains the actions before the error.
    """
    if not replacement.is_root(root):
        raise Refused([f"host_root must be the absolute path of a directory, and not {root!r}"])
    problems: list[str] = []
    wanted = _parse(root.rstrip("/"), files, problems)
    entries = [_observe(file, problems) for file in wanted]
    _refuse(problems)
    done: list[Step] = []
    try:
        steps = [_plan(file, entry) for file, entry in zip(wanted, entries)]
        _refuse([sentence for step, file in zip(steps, wanted) for sentence in _obstacles(step, file)])
        if prepare and not check_mode and _needs_restart(steps):
            prepare([step.full_path[len(root.rstrip("/")) :] for step in steps if step.action not in SILENT])
        for step in steps:
            if not check_mode:
                _apply(step)
            done.append(step)
    except HostError as error:
        result = _result(done)
        error.result = {"changed": result.changed, "restart": result.restart, "files": result.files}
        raise
    return _result(done)


def _refuse(problems: list[str]) -> None:
    if problems:
        more = len(problems) - SHOWN
        shown = "; ".join(problems[:SHOWN]) + (f"; and {more} more, see problems" if more > 0 else "")
        raise Refused(problems, shown)


def _result(done: list[Step]) -> Result:
    files = [{"path": step.full_path, "action": step.action} for step in done]
    changes = [step for step in done if step.action not in UNCHANGED]
    return Result(bool(changes), _needs_restart(done), files, [_diff(step) for step in changes])


def _needs_restart(steps: list[Step]) -> bool:
    return any(step.action not in SILENT for step in steps)


def _parse(root: str, files: list[Requested], problems: list[str]) -> list[Wanted]:
    """Return the valid entries, and add the problems of the others to ``problems``."""
    wanted: list[Wanted] = []
    users: dict[str, str] = {}
    for number, file in enumerate(files):
        name = file.variable or f"files[{number}].path"
        found: list[str] = []
        path = grammar.collect(grammar.file_path, file.path, found)
        example = f". Set {name}: {file.suggestion}" if file.suggestion else ""
        problems += [f"{name} {sentence}{example}" for sentence in found]
        if path is None:
            continue
        if path in users:
            problems.append(f"{users[path]} and {name} are both {path}. Use a different path for each file")
        users[path] = name
        writer = writable.writer(path.lstrip("/")) if file.variable else None
        if writer:
            problems.append(f"{name} must not be {path}, because {writer} writes this file{example}")
        content = None if file.content is None else file.content.encode(errors="backslashreplace")
        if content and not ownership.is_ours(content):
            problems.append(f"The text for {path} does not begin with the header of this collection")
        wanted.append(
            Wanted(
                full_path=root + path,
                variable=file.variable,
                suggestion=file.suggestion,
                content=content,
                mode=_mode(file.mode, path, problems),
                uid=_id(replacement.user_id, file.owner, "user", path, problems),
                gid=_id(replacement.group_id, file.group, "group", path, problems),
                ignore_others=file.ignore_others and not content,
            )
        )
    return wanted


def _mode(text: str, path: str, problems: list[str]) -> int | None:
    if text and not MODE.match(text):
        problems.append(f"The mode of {path} must be octal digits in quotes such as '0640', and not {text[:40]!r}")
        return None
    return int(text, 8) if text else None


def _id(find: Callable[[str], int], name: str, kind: str, path: str, problems: list[str]) -> int | None:
    try:
        return find(name) if name else None
    except (KeyError, ValueError):
        problems.append(f"{path} cannot belong to {kind} {name[:40]!r}, since this host has no such {kind}")
        return None


def _observe(file: Wanted, problems: list[str]) -> ownership.Entry | None:
    """Return the state of a path, and add to ``problems`` if it must not be written."""
    entry = None
    try:
        blocking = replacement.blocking_parent(file.full_path)
        entry = None if blocking else ownership.read_entry(file.full_path)
        # A path without a variable is used only by this collection.
        reason = ownership.refusal(entry, takes_empty=not file.variable)
        if entry and entry.kind and file.content is not None:
            reason = f"is {entry.kind}"
        reason = f"needs {blocking}, which is not a directory" if blocking else reason
    except OSError as error:
        reason = f"cannot be read: {describe(error)}"
    if reason and not file.ignore_others:
        problems.append(_sentence(file, reason, is_file=entry is not None and entry.kind is None))
    return None if reason else entry


def _sentence(file: Wanted, reason: str, is_file: bool) -> str:
    named = f"{file.full_path} ({file.variable})" if file.variable else file.full_path
    return f"{named} {reason}, and is not changed. To continue, {_advice(file, is_file)}"


def _advice(file: Wanted, is_file: bool) -> str:
    rename = ownership.rename_command(file.full_path)
    if not file.variable:
        return rename
    if not file.full_path.endswith(file.suggestion):  # The host may need this file, so no command moves it.
        return f"set {file.variable}: {file.suggestion}"
    other = f"set {file.variable} to another path"
    return f"{other}, or if nothing needs the file, {rename}" if is_file and file.suggestion else other


def _plan(file: Wanted, entry: ownership.Entry | None) -> Step:
    before = _read(file.full_path) if entry and file.content is not None else None
    mode = file.mode if file.mode is not None else entry.mode if entry else NEW_MODE
    uid = file.uid if file.uid is not None else entry.uid if entry else replacement.user_id("")
    gid = file.gid if file.gid is not None else entry.gid if entry else replacement.group_id("")
    step = Step("kept" if entry else "absent", file.full_path, before, file.content, mode, uid, gid, entry)
    if file.content is None:
        return step
    if not file.content:
        return step._replace(action="removed", content=None) if entry else step
    if before is None:
        return step._replace(action="created")
    if ownership.body(before) != ownership.body(file.content):
        return step._replace(action="replaced")
    if entry and (entry.mode, entry.uid, entry.gid) != (mode, uid, gid):
        return step._replace(action="adjusted" if before == file.content else "replaced")
    return step if before == file.content else step._replace(action="renewed")


def _obstacles(step: Step, file: Wanted) -> list[str]:
    """Return why a step is not allowed or would fail, as far as it is visible before the first change."""
    if step.action in UNCHANGED:
        return []
    found = []
    if step.action in WRITING and not replacement.may_keep(step.uid):
        found.append(
            f"{step.full_path} belongs to user id {step.uid}, and only root can keep this owner. Run the play with "
            "become: true"
        )
    kinds = {ownership.kind(content) for content in (step.before, step.content) if content}
    if len(kinds) > 1:
        advice = _advice(file, is_file=True)
        found.append(f"{step.full_path} is another file of this collection, and is not replaced. To continue, {advice}")
    obstacle = replacement.obstacle(step.full_path, len(step.content or b""), step.action)
    return [*found, obstacle] if obstacle else found


def _read(full_path: str) -> bytes:
    try:
        content = replacement.read(full_path)
    except OSError as error:
        raise HostError(f"{full_path} cannot be read: {describe(error)}", full_path, errno=error_name(error)) from error
    if content and not ownership.is_ours(content):
        raise _replaced(full_path)
    return content


def _replaced(full_path: str) -> HostError:
    return HostError(
        f"{full_path} was replaced by another program during the run, and is not changed. Run the play again", full_path
    )


def _apply(step: Step) -> None:
    def confirm(path: str) -> bool:
        entry, expected = ownership.read_entry(path), step.entry
        if path != step.full_path:
            # A rename changes the ctime of the file.
            entry, expected = (one and one._replace(version=one.version[:-1]) for one in (entry, expected))
        if entry != expected:
            raise _replaced(step.full_path)
        return entry is not None

    try:
        if step.action in WRITING and step.content is not None:
            replacement.write_file(step.full_path, step.content, step.mode, step.uid, step.gid, confirm)
        elif step.action == "adjusted":
            replacement.set_access(step.full_path, step.mode, step.uid, step.gid, confirm)
        elif step.action == "removed":
            durable_files.unlink(step.full_path, confirm)
    except OSError as error:
        raise HostError(
            f"{step.full_path} could not be {step.action}: {describe(error)}", step.full_path, errno=error_name(error)
        ) from error


def _diff(step: Step) -> dict[str, str]:
    """Return the texts of a diff, or a line with the new access if only mode or owner change."""
    after = b"" if step.action == "removed" else step.content or b""
    texts = {"before": (step.before or b"").decode(errors="replace"), "after": after.decode(errors="replace")}
    if step.action == "adjusted":
        texts = {"before": "", "after": f"mode {step.mode:04o}, user id {step.uid}, group id {step.gid}\n"}
    return {**texts, "before_header": step.full_path, "after_header": step.full_path}
