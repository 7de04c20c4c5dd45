# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What every changing module has in common: a plan is a list of steps, and what was refused and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from .grouping import grouped


class Refused(Exception):
    """What the plan cannot or must not do, found before the first write: one sentence for each problem.

    Its text has what is wrong with several cards in the same way once.
    """

    def __init__(self, problems: list[str], shown: str | None = None) -> None:
        """``shown`` is the sentence for users, where it does not have all of many problems."""
        super().__init__(shown or "; ".join(grouped(problems)))
        self.problems = problems


class Failed(Exception):
    """What was attempted and why it failed, as one sentence; ``result`` is what the module returns all the same."""

    result: Mapping[str, Any] = {}


def together(*checks: Callable[[], Any]) -> list[Any]:
    """What each of ``checks`` returns; Refused with the sentences of all those that raise ``ValueError`` or Refused."""
    returned, problems = [], []
    for check in checks:
        try:
            returned.append(check())
        except Refused as refused:
            problems += refused.problems
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise Refused(problems)
    return returned


def holders(users: Iterable[Mapping[str, Any]]) -> str:
    """Who holds a device, for a sentence: ``guest web1 (pid 4242, qemu-system-x86)``."""
    return ", ".join(_holder(user) for user in users)


def _holder(user: Mapping[str, Any]) -> str:
    process = f"pid {user['pid']}, {user['command']}" if user["pid"] else None
    if process and user.get("device_file"):
        process += f", {user['device_file']}"
    if not user["domain"]:
        return process or "somebody"
    if process:
        return f"guest {user['domain']} ({process})"
    return f"guest {user['domain']} ({'running' if user['running'] else 'defined'})"
