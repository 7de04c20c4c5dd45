# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""mdev parents that are not PCI functions: kernel samples, the s390 crypto matrix, or invented ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .devices import accept_uevent
from .mdev import AddAttributes, Mdev, MdevParent
from .mdev_types import load_table
from .pools import make_pool
from .tree import Attribute, constant
from .vfio_ap import ApMatrix

if TYPE_CHECKING:
    from .host import SimHost


def add_software_parents(host: SimHost) -> None:
    """Register the parents of the profile; ``{n}`` in name and path stands for the number of a copy."""
    for spec in host.profile.parents:
        table = load_table(spec.types)
        vendor = _vendor_attributes(host, spec.types)
        for number in range(spec.copies):
            name, path = spec.name.format(n=number), spec.path.format(n=number)
            if host.is_late(name) or name in host.mdev.parents:
                continue
            host.tree.add(f"{path}/uevent", Attribute(b"", accept_uevent))
            _add_to_subsystem(host, name, path)
            parent = MdevParent(host, name, path, table, make_pool(table, spec.capacity), vendor)
            parent.attach()


def _add_to_subsystem(host: SimHost, name: str, path: str) -> None:
    # A sample device has its own class, the crypto matrix a bus (drivers/s390/crypto/vfio_ap_drv.c).
    above, dummy, last = path.rpartition("/")
    if "/virtual/" in path:
        subsystem = f"sys/class/{above.rpartition('/')[2]}"
        host.tree.link(f"{subsystem}/{name}", path)
    else:
        subsystem = f"sys/bus/{last}"
        host.tree.link(f"{subsystem}/devices/{name}", path)
    host.tree.link(f"{path}/subsystem", subsystem)


def _vendor_attributes(host: SimHost, types: str) -> AddAttributes | None:
    if types == "mtty":
        return _sample_attributes
    if types == "vfio_ap" and host.profile.ap is not None:
        return ApMatrix(host, host.profile.ap).attributes
    return None


def _sample_attributes(mdev: Mdev) -> dict[str, Attribute]:
    # See sample_mdev_dev_show in samples/vfio-mdev/mtty.c.
    return {"vendor/sample_mdev_dev": constant(f"This is MDEV {mdev.name}")}
