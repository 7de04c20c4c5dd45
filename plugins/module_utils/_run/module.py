# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What every module does with the problems, the warnings and the failures of its work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, NoReturn, Protocol

from .._core.grouping import grouped
from .._core.problems import Failed, Refused

UNCHANGED = "Nothing was changed"


class Module(Protocol):
    """What is needed of ``AnsibleModule``, which the engine does not import."""

    def warn(self, warning: str) -> None: ...

    def exit_json(self, **result: Any) -> NoReturn: ...

    def fail_json(self, msg: str, **result: Any) -> NoReturn: ...


def run(
    module: Module,
    work: Callable[[], tuple[Mapping[str, Any], Iterable[str]]],
    unchanged: str | None = UNCHANGED,
    failed: str = "",
) -> NoReturn:
    """End a module with the result and the warnings that ``work`` returns, or with its error.

    ``unchanged`` is what a refusal says first, None for a module that changes nothing, and ``failed`` the same of an
    error. A result with ``failures``, a sentence each, is that of a failed module.
    """
    try:
        result, warnings = work()
    except Refused as refused:
        if unchanged is None:
            module.fail_json(msg=str(refused))
        module.fail_json(msg=f"{unchanged}: {refused}", problems=refused.problems)
    except Failed as error:
        module.fail_json(msg=f"{failed}{error}", **error.result)
    for sentence in warnings:
        module.warn(sentence)
    if result.get("failures"):
        module.fail_json(msg="; ".join(grouped(result["failures"])), **result)
    module.exit_json(**result)
