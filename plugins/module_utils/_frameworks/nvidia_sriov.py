# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""VFs of NVIDIA GPUs: their driver refuses writes to ``sriov_numvfs``, and brings a program for it
(NVIDIA vGPU user guide, "Preparing the virtual function for an NVIDIA vGPU that supports SR-IOV").
"""

from __future__ import annotations

from .._host.root import HostError, HostRoot

PROGRAM = "usr/lib/nvidia/sriov-manage"
DRIVER = "nvidia"
# What the program binds the GPU to in between.
STUB = "pci-pf-stub"
VENDOR = "10de"
# Display and 3D controllers, processing accelerators; the same vendor's network cards are not meant.
CLASSES = ("03", "12")
# Seconds to try again: each client of the management library, such as a monitoring agent, has the lock for a moment.
PATIENCE = 10.0
LOCKED = "unbindLock"


def governs(vendor_id: str | None, pci_class: str | None) -> bool:
    """Whether a function is a GPU whose VFs only the program can make."""
    return vendor_id == VENDOR and bool(pci_class) and str(pci_class).startswith(CLASSES)


def run(host: HostRoot, address: str, enable: bool) -> None:
    """Make all VFs of a GPU, or remove them; try again while another process holds the GPU's lock."""
    refusals: list[HostError] = []

    def ended() -> bool:
        try:
            # Ended in the middle it would leave the GPU without a driver.
            host.run(PROGRAM, ["-e" if enable else "-d", address], keep=True)
        except HostError as error:
            if LOCKED not in str(error):
                raise
            refusals.append(error)
            return False
        return True

    if not host.wait(ended, min(PATIENCE, host.timeout)):
        raise HostError(
            f"{refusals[-1]}; it failed {len(refusals)} times. Stop the programs that monitor the GPU, such as "
            "nvidia-persistenced, DCGM or an exporter",
            PROGRAM,
        )
