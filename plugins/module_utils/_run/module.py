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


# The result of a module, and its warnings.
Work = Callable[[], tuple[Mapping[str, Any], Iterable[str]]]


def ended(work: Work, unchanged: str | None = UNCHANGED, failed: str = "") -> Mapping[str, Any]:
    """The result of ``work`` with its ``warnings``, also with ``failed`` and ``msg`` if it is refused or fails.

    ``unchanged`` is what a refusal says first, None for a module that changes nothing, and ``failed`` the same of an
    error. A result with ``failures``, a sentence each, is that of a failed module.
    """
    try:
        result, warnings = work()
    except Refused as refused:
        if unchanged is None:
            return {"failed": True, "msg": str(refused)}
        return {"failed": True, "msg": f"{unchanged}: {refused}", "problems": refused.problems}
    except Failed as error:
        return {"failed": True, "msg": f"{failed}{error}", **error.result}
    found = {**result, "warnings": list(warnings)}
    if result.get("failures"):
        return {**found, "failed": True, "msg": "; ".join(grouped(result["failures"]))}
    return found


def run(module: Module, work: Work, unchanged: str | None = UNCHANGED, failed: str = "") -> NoReturn:
    """End a module with what :func:`ended` says of its work."""
    result = dict(ended(work, unchanged, failed))
    for sentence in result.pop("warnings", ()):
        module.warn(sentence)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
