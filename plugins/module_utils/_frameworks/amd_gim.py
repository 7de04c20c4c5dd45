# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Refuse to change the number of VFs of AMD GPUs with the driver gim (MxGPU).

The driver creates VFs when it is loaded, and removes them when it is unloaded. The parameter ``vf_num`` sets their
number. The driver has no ``sriov_configure``, so writing ``sriov_numvfs`` fails (github.com/amd/MxGPU-Virtualization:
gim_shim/gim_config.c, gim_shim/gim_drv.c).
"""

from __future__ import annotations

DRIVER = "gim"
# Numbers from 1 to 31, one per GPU in probe order. The last one applies to all further GPUs (gim_handle_array_token).
PARAMETER = "vf_num"
MOST = 31


def refuse_number(present: int, count: int) -> str:
    """Return why the number of VFs of a card cannot be changed at run time, with the remedy."""
    if count == 0:
        return (
            f"the driver gim removes its {present} virtual functions only when it is unloaded. Stop the guests of all "
            "AMD GPUs of the host and run `modprobe -r gim`. Then run the play again"
        )
    if count > MOST:
        return f"num_vfs {count} is more than the driver gim makes for a GPU, {MOST}. Set num_vfs: {MOST} or less"
    return (
        f"the driver gim creates virtual functions only when it is loaded, and has created {present} for this GPU. "
        f"Write `options gim {PARAMETER}={count}` to /etc/modprobe.d/gim.conf (one number for each AMD GPU, with "
        "commas), stop their guests and run `modprobe -r gim && modprobe gim`, or set "
        f"num_vfs: {present}"
    )
