# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Errors that all modules share: a refused plan and a failed operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .grouping import grouped


class Refused(Exception):
    """The plan is impossible or forbidden; nothing has been written. ``problems`` has one sentence for each problem.

    The text of the exception merges sentences that say the same about several cards.
    """

    def __init__(self, problems: list[str], shown: str | None = None) -> None:
        """``shown`` replaces the text of the exception, for example to show only some of many problems."""
        super().__init__(shown or "; ".join(grouped(problems)))
        self.problems = problems


class Failed(Exception):
    """An operation failed; the text names it and the cause. ``result`` is what the module still returns."""

    result: Mapping[str, Any] = {}


def evaluate_all(*checks: Callable[[], Any]) -> list[Any]:
    """Return the results of the checks; raise one Refused with all sentences of ``ValueError`` and Refused."""
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
