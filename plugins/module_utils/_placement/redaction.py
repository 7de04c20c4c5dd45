# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Remove secrets from messages and responses."""

from __future__ import annotations

import re
from typing import Any

from .responses import words

# In characters: the maximum length of an error of the library; its cause is at the end.
EXPLANATION = 600
# In characters: the minimum length of a secret that cannot occur in a text by chance.
LONG = 16
USER_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]*@")


class Secrets:
    """Secrets that messages must not contain, whatever their source."""

    def __init__(self, values: set[str] | None = None) -> None:
        self.values = values or set()

    def hide(self, text: Any) -> str:
        """Return a text without the secrets, and without users and passwords in URLs."""
        shown = USER_IN_ADDRESS.sub("", str(text))
        for value in sorted(self.values, key=len, reverse=True):
            # A short one also occurs inside other words, which would then reveal it.
            edges = ("", "") if len(value) >= LONG else (r"(?<![^\W_])", r"(?![^\W_])")
            shown = re.sub(re.escape(value).join(edges), "***", shown)
        return words(shown.rstrip("."), EXPLANATION)

    def add(self, token: str) -> None:
        """Add a token, unless it is so short that it may occur in a response by chance."""
        if len(token) >= LONG and token not in self.values:
            self.values = self.values | {token}

    def blot(self, content: bytes, is_error: bool) -> bytes:
        """Return a response without the secrets; in a successful response, replace only long ones."""
        for value in self.values:
            if is_error or len(value) >= LONG:
                content = content.replace(value.encode(), b"***")
        return content
