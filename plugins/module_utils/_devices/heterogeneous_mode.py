# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and enable vGPUs of different framebuffer sizes on an NVIDIA GPU with ``nvidia-smi``, since vGPU 17.

The driver resets this mode at each reboot and whenever VFs are created. It can change only while the GPU has no vGPU.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from .._core.patterns import lazy_pattern
from .._host.root import HostError, HostRoot
from .mig import DISABLED, ENABLED, PATIENCE, PROGRAM

MODE = lazy_pattern(r"^[ \t]*vGPU Heterogeneous Mode\s*:\s*(\S.*?)\s*$", re.MULTILINE)
# Some driver releases omit the second e of Heterogeneous.
SIZES = lazy_pattern(r"^[ \t]*Heterogene?ous Time-Slice Sizes\s*:\s*(\S.*?)\s*$", re.MULTILINE)
NOT_SUPPORTED = "Not Supported"


class HeterogeneousMode(NamedTuple):
    """``mixed`` is None for a GPU without such a mode; ``reason`` then says why."""

    mixed: Optional[bool]
    reason: str = ""


def observe(host: HostRoot, address: str) -> HeterogeneousMode:
    try:
        text = host.run(PROGRAM, ["-q", "-i", address], timeout=max(PATIENCE, host.timeout))
    except HostError as error:
        return HeterogeneousMode(None, str(error))
    mode, sizes = MODE.search(text), SIZES.search(text)
    if mode is None:
        return HeterogeneousMode(None, f"{PROGRAM} reports no vGPU heterogeneous mode. Install vGPU 17 or later")
    if mode[1] not in (ENABLED, DISABLED) or (sizes and sizes[1] == NOT_SUPPORTED):
        reported = sizes[1] if sizes and sizes[1] == NOT_SUPPORTED else mode[1]
        return HeterogeneousMode(None, f"{PROGRAM} reports for its vGPU heterogeneous mode: {reported}")
    return HeterogeneousMode(mode[1] == ENABLED)


def enable(host: HostRoot, address: str) -> None:
    """Allow different sizes on a GPU without vGPUs; raise HostError if this fails or has no effect."""
    # Killing the program could leave the GPU in an undefined mode, so it continues after a timeout.
    host.run(PROGRAM, ["vgpu", "-shm", "1", "-i", address], keep=True, timeout=max(PATIENCE, host.timeout))
    now = observe(host, address)
    if not now.mixed:
        raise HostError(
            f"{PROGRAM} vgpu -shm 1 -i {address} succeeded, but the mode is not enabled. {now.reason}".rstrip(), PROGRAM
        )
