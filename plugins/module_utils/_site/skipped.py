# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find out from the result of a stage whether cards or devices were skipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def has_skipped(result: Mapping[str, Any]) -> bool:
    """Return whether cards or devices were skipped, so that the roles must report them."""
    cards = [*result.get("functions", []), *result.get("gpus", [])]
    return bool(result.get("busy") or result.get("missing") or any(one["busy"] for one in cards))
