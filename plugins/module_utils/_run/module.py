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

    def warn(self, warning: str) -> None:
        """Add a warning to the result."""

    def exit_json(self, **result: Any) -> NoReturn:
        """Print the result and end the program."""
        raise NotImplementedError

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Print the result of a failure and end the program."""
        raise NotImplementedError


# Returns the result of a module and its warnings.
Work = Callable[[], tuple[Mapping[str, Any], Iterable[str]]]


def result_of(work: Work, unchanged: str | None = UNCHANGED, failed: str = "") -> Mapping[str, Any]:
    """Return the result and ``warnings`` of ``work``, with ``failed`` and ``msg`` if it is refused or fails.

    A refusal begins with ``unchanged``, which is None for a module without changes. An error begins with ``failed``. A
    module fails if its result has ``failures``, which are sentences.
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
        return {"failed": True, "msg": "; ".join(grouped(result["failures"])), **found}
    return found


def run(module: Module, work: Work, unchanged: str | None = UNCHANGED, failed: str = "") -> NoReturn:
    """End a module with the result and the warnings that :func:`result_of` returns."""
    result = dict(result_of(work, unchanged, failed))
    for sentence in result.pop("warnings", ()):
        module.warn(sentence)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
