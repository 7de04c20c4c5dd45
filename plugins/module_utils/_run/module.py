# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""End a module with the result, warnings and errors of its work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, NoReturn, Protocol

from .._core.grouping import grouped
from .._core.problems import Failed, Refused

UNCHANGED = "Nothing was changed"


class Module(Protocol):
    """The part of ``AnsibleModule`` that is needed; the engine does not import Ansible."""

    def warn(self, warning: str) -> None: ...

    def exit_json(self, **result: Any) -> NoReturn: ...

    def fail_json(self, msg: str, **result: Any) -> NoReturn: ...


def run(
    module: Module,
    work: Callable[[], tuple[Mapping[str, Any], Iterable[str]]],
    unchanged: str | None = UNCHANGED,
    failed: str = "",
) -> NoReturn:
    """End a module with the result and warnings that ``work`` returns, or with its error.

    ``unchanged`` is the beginning of a refusal, None for a module without changes; ``failed`` is that of an error. A
    module whose result has ``failures``, which are sentences, fails.
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
