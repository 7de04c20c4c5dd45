# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The traits that Cyborg's NVIDIA driver gives to a GPU (cyborg/accelerator/drivers/gpu/utils.py)."""

from __future__ import annotations

import re

OWNER_TRAIT = "OWNER_CYBORG"


def gpu_trait(product_id: str, type_name: str | None = None, exact: bool = False) -> str:
    """Return the trait of a whole GPU, or of a vGPU type: ``CUSTOM_NVIDIA_1EB8_T4_2B`` for ``GRID T4-2B``.

    Cyborg uses only the second word of the type name. So all types of some cards have the same trait, and some names
    give an invalid trait. Without ``exact``, all words after the brand are used, and each trait is valid. Raises
    ``ValueError`` if there is no exact trait.
    """
    prefix = f"CUSTOM_NVIDIA_{product_id.upper()}"
    if type_name is None:
        return prefix
    if not exact:
        words = type_name.split()
        tail = re.sub(r"[^A-Z0-9]+", "_", " ".join(words[1:] or words).upper()).strip("_")
        return f"{prefix}_{tail}"
    words = type_name.split(" ")
    if len(words) == 1:
        raise ValueError(f"cyborg-agent fails at the type name {type_name!r}, which is a single word")
    tail = words[1].replace("-", "_").upper()
    if not re.fullmatch(r"[A-Z0-9_]*", tail):
        raise ValueError(f"Cyborg converts the type {type_name!r} to {prefix}_{tail}, which is not a valid trait")
    return f"{prefix}_{tail}" if tail else prefix
