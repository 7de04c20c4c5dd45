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

ATTRIBUTE = re.compile(r"\s*([A-Za-z_]\w*)\s*[=:]\s*(\S.*?)\s*\Z", re.ASCII)
# A number, with the unit that both drivers use: M and MB are MiB.
NUMBER = re.compile(r"(\d{1,18})(M|MB)?\Z", re.ASCII)


def attributes(description: str | None) -> dict[str, int | str]:
    """The attributes by their names: numbers as integers, sizes in MiB, all else as text."""
    found: dict[str, int | str] = {}
    for part in re.split(r"[,\n]", description or ""):
        attribute = ATTRIBUTE.match(part)
        if attribute:
            name, value = attribute.groups()
            number = NUMBER.match(value)
            found[name] = int(number[1]) if number else value
    return found
