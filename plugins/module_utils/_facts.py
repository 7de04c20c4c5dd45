# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The whole observation of a host, in the lists that C(ansible_facts.mdev) has."""

from __future__ import annotations

from typing import Any, Iterable

from . import _definitions, _iommu, _mdev, _pci, _sriov, _users, _vendor_vfio
from ._host import HostRoot
from ._pci import NumaNodes, PciFunction

PHYSICAL_FUNCTIONS = "physical_functions"
PARENTS = "parents"
DEVICES = "devices"
IOMMU = "iommu"
USERS = "users"
PARTS = (PHYSICAL_FUNCTIONS, PARENTS, DEVICES, IOMMU, USERS)

# Network controllers, NVMe, display and 3D controllers, processing accelerators (include/linux/pci_ids.h).
DEFAULT_CLASSES = ("02", "0108", "03", "12")


def observe(
    host: HostRoot, gather: Iterable[str] = PARTS, classes: Iterable[str] = DEFAULT_CLASSES
) -> dict[str, Any]:
    """What is on the host; a part that is not in ``gather`` is not read, and missing from the result.

    ``users`` adds the holders to physical functions, VFs and devices. ``classes`` are PCI classes, or beginnings of
    them, whose functions are listed although they have neither SR-IOV nor mdev.
    """
    gather = set(gather)
    functions = _pci.observe(host)
    numa_nodes = NumaNodes(host)
    facts: dict[str, Any] = {}
    if PHYSICAL_FUNCTIONS in gather:
        facts[PHYSICAL_FUNCTIONS] = _physical_functions(host, functions, tuple(classes), numa_nodes)
    if gather & {PARENTS, DEVICES, USERS}:
        parents, devices = _parents_and_devices(host, functions, numa_nodes, with_parents=PARENTS in gather)
        if PARENTS in gather:
            facts[PARENTS] = parents
        if DEVICES in gather:
            facts[DEVICES] = devices
        if USERS in gather:
            _add_users(host, facts, functions, devices)
    if IOMMU in gather:
        facts[IOMMU] = _iommu.observe(host, functions)
    facts["warnings"] = host.warnings
    return facts


def _physical_functions(
    host: HostRoot, functions: dict[str, PciFunction], classes: tuple[str, ...], numa_nodes: NumaNodes
) -> list[dict[str, Any]]:
    frameworks = _frameworks(host, functions)
    selected = [
        function
        for function in functions.values()
        if not function.is_virtual
        and (
            "sriov_totalvfs" in function.entries
            or function.address in frameworks
            or (function.identity is not None and function.identity.pci_class.startswith(classes))
        )
    ]
    described = _sriov.describe(host, selected, functions, numa_nodes)
    for entry in described:
        entry["framework"] = frameworks.get(entry["address"])
    return described


def _frameworks(host: HostRoot, functions: dict[str, PciFunction]) -> dict[str, str]:
    """The framework of each card that can make vGPUs or other mdevs, itself or on its VFs."""
    parents = {name: _mdev.FRAMEWORK for name in _mdev.parent_names(host) if name in functions}
    for function in _vendor_vfio.parent_functions(host, functions):
        parents[function.address] = _vendor_vfio.FRAMEWORK
    return {functions[name].physical_function or name: framework for name, framework in parents.items()}


def _parents_and_devices(
    host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes, with_parents: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    catalog = _mdev.TypeCatalog(host)
    mdevs = _mdev.observe_devices(host, functions, catalog)
    parents = _mdev.observe_parents(host, functions, mdevs, catalog, numa_nodes) if with_parents else []
    typed_parents, typed_functions = _vendor_vfio.observe(host, functions, numa_nodes)
    defined = _apply_definitions(host, mdevs, catalog)
    return [*parents, *typed_parents], [*mdevs, *typed_functions, *defined]


def _apply_definitions(
    host: HostRoot, mdevs: list[dict[str, Any]], catalog: _mdev.TypeCatalog
) -> list[dict[str, Any]]:
    """Add to ``mdevs`` what mdevctl knows of them; return the devices that are only defined."""
    definitions = _definitions.observe(host)
    for device in mdevs:
        definition = definitions.pop((device["parent"], device["uuid"]), None)
        if definition:
            device["autostart"] = definition["autostart"]
            device["attributes"] = definition["attributes"]
    return [
        _mdev.new_device(
            parent, uuid=uuid, state="defined", type_name=catalog.name(definition["type"]), **definition
        )
        for (parent, uuid), definition in definitions.items()
    ]


def _add_users(
    host: HostRoot, facts: dict[str, Any], functions: dict[str, PciFunction], devices: list[dict[str, Any]]
) -> None:
    members: dict[int, list[str]] = {}
    for function in functions.values():
        if function.iommu_group is not None:
            members.setdefault(function.iommu_group, []).append(function.address)
    for device in devices:
        if device["uuid"] and device["iommu_group"] is not None:
            members.setdefault(device["iommu_group"], []).append(device["uuid"])
    users = _users.observe(host, members)
    for card in facts.get(PHYSICAL_FUNCTIONS, []):
        for function in (card, *card["virtual_functions"]):
            function["users"] = users.get(function["address"], [])
    for device in facts.get(DEVICES, []):
        device["users"] = users.get(device["uuid"] or device["address"], [])
