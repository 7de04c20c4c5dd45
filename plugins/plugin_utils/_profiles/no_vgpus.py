# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Explain why a card that a profile selects for vGPUs offers none, with the remedy."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._devices import sriov
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import nvidia_sriov
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject

DISPLAY = "03"
NVIDIA_DRIVER = "the NVIDIA vGPU host driver (vGPU Manager, not the driver for guests or CUDA)"


def are_unusable(vf_product_id: str | None) -> bool:
    """Return whether the possible VFs of a card are unusable: those of a Tesla T4 have no device ID."""
    return vf_product_id is not None and not vf_product_id.strip("0")


def why_no_vgpus(card: Subject) -> str:
    """Return a sentence with the cause and one with the remedy, for a card without vGPU parents."""
    if card.get("total_vfs") and not card["num_vfs"] and not are_unusable(card.get("vf_product_id")):
        return (
            "the card has no vGPU types itself. If its virtual functions have them, set mode: vf and num_vfs: max. "
            "Otherwise load the vGPU driver of the vendor"
        )
    ids = f"{card.get('vendor_id')}:{card.get('product_id')}"
    driver = card.get("driver")
    if not (card.get("class") or "").startswith(DISPLAY):
        return f"this card ({ids}, class {card.get('class')}) is not a GPU and offers no vGPUs. Correct select"
    product = NVIDIA_DRIVER if card.get("vendor_id") == nvidia_sriov.VENDOR else "the vendor's vGPU host driver"
    if sriov.is_vfio_driver(driver):
        return (
            f"this card ({ids}) offers no vGPUs, because its driver is {driver}, which passes the whole card to a "
            f"guest. Bind {product} to the card, or replace vgpu by mode: pf"
        )
    cause = f"its driver is {driver}" if driver else "no driver is bound to it"
    if driver == nvidia_sriov.DRIVER:
        return (
            f"this card ({ids}) offers no vGPUs, although {cause}. Install {product}, and check its services with "
            "`systemctl status nvidia-vgpud nvidia-vgpu-mgr`"
        )
    return f"this card ({ids}) offers no vGPUs, because {cause}. Install {product} on this host and reboot"
