# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Regular expressions that are compiled at their first use.

A module run needs few of the expressions of the files that it loads, and compiling all of them takes longer than
reading a host.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

METHODS = ("match", "search", "fullmatch", "findall", "finditer", "sub", "split")


class _Pattern:
    """Behaves like the compiled expression, except that it is not an instance of ``re.Pattern``."""

    def __init__(self, text: Any, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self._flags)
        # Later calls find the methods of the compiled expression directly.
        self.__dict__.update({method: getattr(compiled, method) for method in METHODS})
        return getattr(compiled, name)


def lazy_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return the regular expression; an error in ``text`` is raised at the first use."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
