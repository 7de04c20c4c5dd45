# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Parse the description of an mdev type to attributes.

NVIDIA writes ``num_heads=4, framebuffer=1024M, max_instance=16`` on one line, GVT-g ``low_gm_size: 128MB`` and others
on several lines (drivers/gpu/drm/i915/gvt/kvmgt.c, intel_vgpu_show_description). Other texts have no attributes.
"""

from __future__ import annotations

import re

from .._core.patterns import lazy_pattern
from .._core.text import MOST, decimal

ATTRIBUTE = lazy_pattern(r"\s*([A-Za-z_]\w*)\s*[=:]\s*(\S.*?)\s*\Z", re.ASCII)
# Both drivers write MiB as M or MB.
NUMBER = lazy_pattern(r"(\d{1,18})(M|MB)?\Z", re.ASCII)
# Attributes that are used in calculations must be numbers within the int of a driver.
MOST_OF = {
    "max_instance": MOST,
    **dict.fromkeys(("num_heads", "framebuffer", "low_gm_size", "high_gm_size", "fence", "weight"), 2**31 - 1),
}


def attributes(description: str | None) -> tuple[dict[str, int | str | None], list[str]]:
    """Return attributes by name, and a sentence for each invalid number, whose value is None.

    Numbers are integers, sizes are in MiB, other values are text.
    """
    found: dict[str, int | str | None] = {}
    wrong = []
    for part in re.split(r"[,\n]", description or ""):
        attribute = ATTRIBUTE.match(part)
        if attribute:
            name, value = attribute.groups()
            number = NUMBER.match(value)
            found[name] = int(number[1]) if number else value
            if name in MOST_OF:
                found[name] = decimal(number[1] if number else None, most=MOST_OF[name])
                if found[name] is None:
                    wrong.append(f"states {name} {value[:40]!r}, which is not a number from 0 to {MOST_OF[name]}")
    return found, wrong
