# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What a driver writes into the description of an mdev type, as attributes.

NVIDIA puts ``num_heads=4, framebuffer=1024M, max_instance=16`` on one line, GVT-g ``low_gm_size: 128MB`` and so on on
several (drivers/gpu/drm/i915/gvt/kvmgt.c, intel_vgpu_show_description). A text in neither form has no attributes.
"""

from __future__ import annotations

import re

from .._core.text import MOST, decimal

ATTRIBUTE = re.compile(r"\s*([A-Za-z_]\w*)\s*[=:]\s*(\S.*?)\s*\Z", re.ASCII)
# A number, with the unit that both drivers use: M and MB are MiB.
NUMBER = re.compile(r"(\d{1,18})(M|MB)?\Z", re.ASCII)
# What is counted with must be a number, and not more than a driver's int can hold.
MOST_OF = {
    "max_instance": MOST,
    **dict.fromkeys(("num_heads", "framebuffer", "low_gm_size", "high_gm_size", "fence", "weight"), 2**31 - 1),
}


def attributes(description: str | None) -> tuple[dict[str, int | str | None], list[str]]:
    """The attributes by their names, and a sentence about each number that cannot be one, which is None.

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
