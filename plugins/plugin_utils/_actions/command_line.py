# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reject texts from the command line that must be lists: the option ``-e NAME=VALUE`` of Ansible makes a text."""

from __future__ import annotations

import json
import re

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers

# In characters and items: a longer text is not shown.
LONGEST, MOST = 200, 10
ITEM = re.compile(r"[^\s,'\"\[\]{}]+")


def no_list(name: str, text: str) -> str:
    """Return a sentence about a text instead of a list, with the list of its items as the remedy."""
    items = ITEM.findall(text)[:MOST] if len(text) <= LONGEST and text.isprintable() else []
    written = json.dumps(items or ["VALUE"], ensure_ascii=False)
    remedy = f"Write {name}: {written}, or on the command line -e '{{\"{name}\": {written}}}'"
    return f"{name} must be a list, and not {numbers.shown(text)}. {remedy}"
