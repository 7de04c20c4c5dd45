# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Match entries of the option ``instances`` with parents and devices; no I/O."""

from __future__ import annotations

from collections.abc import Container

from .._frameworks.registry import BY_NAME, why_not_settable
from .._guards.conflicts import describe_holders
from .._model.host import Device
from .._model.wanted import DeviceWanted
from .choice import Catalog
from .removal import is_in_use


def with_candidates(catalog: Catalog, entry: DeviceWanted) -> DeviceWanted:
    """Return the entry with the names of its possible ``parents``; raise ``ValueError`` if there are none."""
    parents = catalog.parents_named(entry.parent) if entry.parent else list(catalog.parents.values())
    if entry.parent and not parents:
        raise ValueError(catalog.describe_unknown_parent(entry.parent))
    if entry.numa_node is not None:
        parents = [parent for parent in parents if parent.numa_node == entry.numa_node]
        if not parents:
            raise ValueError(f"no such parent is on NUMA node {entry.numa_node}")
    names = [parent.name for parent in parents if catalog.type_ids(parent.name, entry.types)]
    if not names:
        raise ValueError(catalog.describe_unknown_type(parents, entry.types))
    frameworks = {name: catalog.parents[name].framework for name in names}
    on_functions = [one for one in map(BY_NAME.__getitem__, frameworks.values()) if not one.MAKES_MDEVS]
    if entry.uuid and on_functions:
        what = on_functions[0].describe(catalog.type_ids(names[0], entry.types)[0])
        raise ValueError(
            f"uuid cannot be set, because {what} is identified by the address of its VF. Use for example parent "
            f"{names[0]}"
        )
    for name in names if entry.attributes else ():
        for type_id in catalog.type_ids(name, entry.types)[:1]:
            reason = why_not_settable(frameworks[name], type_id, entry.attributes)
            if reason:
                raise ValueError(reason)
    return entry._replace(parents=tuple(names))


def satisfies(catalog: Catalog, entry: DeviceWanted, device: Device) -> bool:
    """Return whether a device on one of the entry's parents has the desired type and attributes."""
    if device.type_id not in catalog.type_ids(device.parent, entry.types):
        return False
    # Without a definition or record, the attributes of a device are unknown.
    is_known = catalog.is_recorded(device) if device.address else device.autostart is not None
    if not is_known or not entry.attributes:
        return True
    return device.attributes == entry.attributes


def why_not_here(entry: DeviceWanted, device: Device) -> str | None:
    """Return why an entry cannot get the device with its UUID, or None."""
    if device.state == "removing":
        who = describe_holders(device.uses) or "an unknown process"
        return f"{entry.label}: {entry.uuid} was removed, but {who} still has it open"
    if device.parent not in entry.parents:
        state = "exists" if device.state == "active" else "is defined"
        return f"{entry.label}: {entry.uuid} {state} on another parent, {device.parent}"
    return None


def satisfying(catalog: Catalog, entry: DeviceWanted, claimed: Container[tuple[str, str]]) -> list[Device]:
    """Return the existing devices that satisfy an entry, devices in use first."""
    found = [
        device
        for device in catalog.devices.values()
        if device.state == "active"
        and device.key not in claimed
        and device.parent in entry.parents
        and satisfies(catalog, entry, device)
    ]
    return sorted(found, key=lambda device: (not is_in_use(device), catalog.rank(device, entry.types)))


def matches(catalog: Catalog, entry: DeviceWanted, device: Device) -> bool:
    """Return whether an entry with state absent selects this device."""
    parents = catalog.parents_named(entry.parent) if entry.parent else []
    if entry.parent and device.parent not in [entry.parent, *(parent.name for parent in parents)]:
        return False
    if entry.uuid and device.uuid != entry.uuid:
        return False
    if entry.types and not {device.type_id, device.type_name} & set(entry.types):
        return False
    parent = catalog.parents.get(device.parent)
    return entry.numa_node is None or bool(parent and parent.numa_node == entry.numa_node)
