# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Advise what to check on a host whose cards could have vGPUs but list no types."""

from __future__ import annotations

from . import nvidia_sriov, nvidia_vfio

NO_PARENTS = "Check that the vendor's vGPU driver is loaded and bound to the card (`lspci -k`)"
VENDOR_VFIO = (
    "Its creatable_vgpu_types are empty. If MIG mode is enabled without GPU instances (`nvidia-smi mig -lgi`), "
    "create GPU instances (`nvidia-smi mig -cgi PROFILE`) or disable MIG mode (`nvidia-smi -mig 0`). "
    "Otherwise check the service of the NVIDIA vGPU driver (`systemctl status nvidia-vgpu-mgr`)"
)
NVIDIA_SERVICES = "`systemctl status nvidia-vgpud nvidia-vgpu-mgr`"
NVIDIA_MDEV = f"Its mdev_supported_types is empty. Check the services of the NVIDIA vGPU driver ({NVIDIA_SERVICES})"
OTHER_MDEV = "Its mdev_supported_types is empty. Check the kernel log of the vendor's vGPU driver (`journalctl -k`)"
ANY_MDEV = f"{OTHER_MDEV}, and for an NVIDIA GPU its services ({NVIDIA_SERVICES})"


def lists_types(framework: str, rooms: list[int | None]) -> bool:
    """Return whether the driver lists types for a parent; ``rooms`` is the number that fits for each type.

    The facts of a VF also list other types of its model, with 0 available.
    """
    return any(rooms) if framework == nvidia_vfio.FRAMEWORK else bool(rooms)


def advice(frameworks: set[str], vendor_id: str | None = None) -> str:
    """Return what to check for a card; ``frameworks`` are those of its parents, ``vendor_id`` may be unknown."""
    if not frameworks:
        return NO_PARENTS
    if nvidia_vfio.FRAMEWORK in frameworks:
        return VENDOR_VFIO
    if vendor_id is None:
        return ANY_MDEV
    return NVIDIA_MDEV if vendor_id == nvidia_sriov.VENDOR else OTHER_MDEV
