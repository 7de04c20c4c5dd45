# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create VFs of NVIDIA GPUs. Their driver rejects writes to ``sriov_numvfs`` and provides a program instead.

Source: NVIDIA vGPU user guide, "Preparing the virtual function for an NVIDIA vGPU that supports SR-IOV".
"""

from __future__ import annotations

from .._host.root import HostError, HostRoot

PROGRAM = "usr/lib/nvidia/sriov-manage"
DRIVER = "nvidia"
# The program binds the GPU to this driver temporarily.
STUB = "pci-pf-stub"
VENDOR = "10de"
# Display and 3D controllers, and processing accelerators. NVIDIA network cards create VFs as usual.
CLASSES = ("03", "12")
# In seconds: how long to retry while a client of the management library, such as a monitoring agent, holds the lock.
PATIENCE = 10.0
LOCKED = "unbindLock"


def governs(vendor_id: str | None, pci_class: str | None) -> bool:
    """Return whether a function is a GPU whose VFs only the program can create."""
    return vendor_id == VENDOR and bool(pci_class) and str(pci_class).startswith(CLASSES)


def run(host: HostRoot, address: str, enable: bool) -> None:
    """Create or remove all VFs of a GPU; retry while another process holds the lock of the GPU."""
    refusals: list[HostError] = []

    def ended() -> bool:
        try:
            # Killing the program would leave the GPU without a driver.
            host.run(PROGRAM, ["-e" if enable else "-d", address], keep=True)
        except HostError as error:
            if LOCKED not in str(error):
                raise
            refusals.append(error)
            return False
        return True

    if not host.wait(ended, min(PATIENCE, host.timeout)):
        raise HostError(
            f"{refusals[-1]}. The program failed {len(refusals)} times. Stop the programs that monitor the GPU, such "
            "as nvidia-persistenced, DCGM or an exporter",
            PROGRAM,
        )
