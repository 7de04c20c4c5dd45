# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the vGPU types of a GPU model from the table of NVIDIA's host driver.

If all VFs of a GPU have had a type since its first observation, only this table lists its types.
"""

from __future__ import annotations

from .._core.patterns import lazy_pattern
from .._core.text import printable
from .._host.root import HostRoot
from .._model.host import PciIds

PATH = "usr/share/nvidia/vgpu/vgpuConfig.xml"
# In bytes: each type of each GPU has a signature of 512 digits.
LARGEST = 1 << 25
ELEMENT = lazy_pattern(r"<(vgpuType|pgpu|devId|supportedVgpu)\b([^<>]*)>")
ATTRIBUTE = lazy_pattern(r'(\w+)\s*=\s*"([^"<>]*)"')
TYPE_ID = lazy_pattern(r"[0-9]{1,10}\Z")


def types_of(host: HostRoot, identity: PciIds) -> dict[str, str]:
    """Return the type names of a GPU model by id; empty without the table, or if it lacks the GPU."""
    content = host.read_bytes(PATH, LARGEST)
    return parse_types((content or b"").decode(errors="replace"), identity)


def parse_types(text: str, identity: PciIds) -> dict[str, str]:
    """Parse the table. An entry for the exact subsystem precedes entries for the device alone."""
    names: dict[str, str] = {}
    exact: list[str] = []
    others: list[str] = []
    inside, found = "", None
    for element, rest in ELEMENT.findall(text):
        attributes = dict(ATTRIBUTE.findall(rest))
        if element in ("vgpuType", "pgpu"):
            inside, found = element, None
        if element == "vgpuType":
            names[attributes.get("id", "")] = attributes.get("name", "")
        elif element == "devId" and inside == "pgpu":
            found = _which(attributes, identity, exact, others)
        elif element == "supportedVgpu" and found is not None:
            found.append(attributes.get("vgpuId", ""))
    ids = [one for one in exact or others if TYPE_ID.match(one) and names.get(one)]
    return {one: printable(names[one], "") for one in ids}


def _which(attributes: dict[str, str], identity: PciIds, exact: list[str], others: list[str]) -> list[str] | None:
    """Return the list to which the types of this entry belong, or None for another GPU."""
    gpu = (_digits(attributes, "vendorId"), _digits(attributes, "deviceId"))
    if gpu != (identity.vendor_id, identity.product_id):
        return None
    subsystem = (_digits(attributes, "subsystemVendorId"), _digits(attributes, "subsystemId"))
    return exact if subsystem == (identity.subsystem_vendor_id, identity.subsystem_product_id) else others


def _digits(attributes: dict[str, str], name: str) -> str:
    """Return ``0x26B9`` in the kernel's spelling, ``26b9``."""
    return attributes.get(name, "").lower().removeprefix("0x").rjust(4, "0")
