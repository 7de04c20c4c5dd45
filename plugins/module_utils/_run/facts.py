# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Observe a whole host and return it in the form of C(ansible_facts.mdev)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from .._devices import iommu, mdevctl, pci, sriov
from .._devices.pci import NumaNodes, PciFunction
from .._frameworks import nvidia_sriov
from .._frameworks.registry import Frameworks
from .._host.root import HostRoot
from .._model.host import Card, Device, FrameworkState, Iommu, Parent, Sriov

if TYPE_CHECKING:
    from .._devices.mig import Gpu

PHYSICAL_FUNCTIONS = "physical_functions"
PARENTS = "parents"
DEVICES = "devices"
IOMMU = "iommu"
MDEVCTL = "mdevctl"
USERS = "users"
MIG = "mig"
MODELS = "models"
SERIAL_NUMBERS = "serial_numbers"
PUBLISHED_ROOT = "published_root"
DEFAULT_PARTS = (PHYSICAL_FUNCTIONS, PARENTS, DEVICES, IOMMU, MDEVCTL)
PARTS = (*DEFAULT_PARTS, USERS, MIG, MODELS, SERIAL_NUMBERS, PUBLISHED_ROOT)

# Network controllers, NVMe, display and 3D controllers, NVSwitches, processing accelerators (include/linux/pci_ids.h).
DEFAULT_CLASSES = ("02", "0108", "03", "0680", "12")

# ansible_facts.mdev or a part of it.
Facts = dict[str, Any]


class Observed(NamedTuple):
    """The facts with the objects from which they were made."""

    facts: Facts
    functions: dict[str, PciFunction]
    frameworks: Frameworks
    framework_state: Optional[FrameworkState]  # None if gather has neither parents, devices nor users
    gpus: Optional[dict[str, Gpu]]  # None without MIG


def observe(host: HostRoot, gather: Iterable[str] = DEFAULT_PARTS, classes: Iterable[str] = DEFAULT_CLASSES) -> Facts:
    """Return the facts of the host. Parts that are not in ``gather`` are neither read nor returned.

    ``users`` adds the users of physical functions, VFs and devices. ``classes`` are PCI classes or their prefixes:
    their functions are listed even without SR-IOV and mdev.
    """
    return observe_host(host, gather, classes).facts


def observe_host(host: HostRoot, gather: Iterable[str], classes: Iterable[str] = DEFAULT_CLASSES) -> Observed:
    """Return the facts with the objects behind them, so that callers need not read anything twice."""
    gather = set(gather)
    framework_state = gpus = None
    functions = pci.observe(host)
    numa_nodes = NumaNodes(host)
    frameworks = Frameworks(host, functions, numa_nodes)
    facts: Facts = {}
    if PHYSICAL_FUNCTIONS in gather:
        by_card = frameworks.of_cards()
        selected = _selected(functions, by_card, tuple(classes))
        cards = sriov.read_cards(host, selected, functions, numa_nodes)
        facts[PHYSICAL_FUNCTIONS] = [_physical_function(card, by_card.get(card.address)) for card in cards]
        _add_schedulers(host, facts[PHYSICAL_FUNCTIONS])
        _add_properties_of_vfs(host, [one for one in facts[PHYSICAL_FUNCTIONS] if one["virtual_functions"]])
        if MODELS in gather:
            _add_models(host, facts, selected)
        if SERIAL_NUMBERS in gather:
            _add_serial_numbers(host, facts[PHYSICAL_FUNCTIONS])
        if MIG in gather:
            gpus = _add_mig(host, facts[PHYSICAL_FUNCTIONS], functions)
    if gather & {PARENTS, DEVICES, USERS}:
        framework_state = frameworks.observe(with_parents=PARENTS in gather)
        if PARENTS in gather:
            facts[PARENTS] = [_parent(parent) for parent in framework_state.parents]
        if DEVICES in gather:
            facts[DEVICES] = [_device(device) for device in framework_state.devices]
        if USERS in gather:
            _add_users(host, facts, functions, framework_state.devices)
    _add_unreadable(facts, frameworks.unreadable())
    if IOMMU in gather:
        facts[IOMMU] = _iommu(iommu.observe(host, functions))
    if MDEVCTL in gather:
        facts[MDEVCTL] = mdevctl.observe(host)._asdict()
    if PUBLISHED_ROOT in gather:
        from . import published_root

        facts[PUBLISHED_ROOT] = published_root.observe(host)
    facts["warnings"] = host.warnings
    return Observed(facts, functions, frameworks, framework_state, gpus)


def _selected(
    functions: dict[str, PciFunction], frameworks: dict[str, str], classes: tuple[str, ...]
) -> list[PciFunction]:
    return [
        function
        for function in functions.values()
        if not function.is_virtual
        and (
            "sriov_totalvfs" in function.entries
            or function.address in frameworks
            or (function.identity is not None and function.identity.pci_class.startswith(classes))
        )
    ]


def _physical_function(card: Card, framework: str | None) -> Facts:
    ids, capability = card.ids, card.sriov or Sriov()
    return {
        "address": card.address,
        "vendor_id": ids and ids.vendor_id,
        "product_id": ids and ids.product_id,
        "subsystem_vendor_id": ids and ids.subsystem_vendor_id,
        "subsystem_product_id": ids and ids.subsystem_product_id,
        "class": ids and ids.pci_class[:4],
        "driver": card.binding.driver,
        "driver_override": card.binding.override,
        "numa_node": card.numa_node,
        "iommu_group": card.iommu_group,
        "mode": card.mode,
        "total_vfs": card.total_vfs,
        "num_vfs": card.num_vfs,
        "vf_product_id": capability.vf_product_id,
        "drivers_autoprobe": capability.autoprobe,
        "netdevs": list(card.netdevs),
        "virtual_functions": [
            {
                "address": virtual.address,
                "index": virtual.number,
                "driver": virtual.binding.driver,
                "iommu_group": virtual.iommu_group,
                "netdev": virtual.netdev,
                "users": None,
            }
            for virtual in card.virtual_functions
        ],
        "users": None,
        "framework": framework,
    }


def _add_models(host: HostRoot, facts: Facts, selected: Iterable[PciFunction]) -> None:
    """Add the model name of each card, and the versions of the kernel and the drivers."""
    from .._devices import models

    names = models.observe_models(host, selected)
    for entry in facts[PHYSICAL_FUNCTIONS]:
        entry["model"] = names[entry["address"]]
    facts["versions"] = models.observe_versions(host, filter(None, (one.driver for one in selected)))


def _add_serial_numbers(host: HostRoot, entries: list[Facts]) -> None:
    """Add to each card with VFs whether it has a serial number."""
    from .._devices import vpd

    for entry in entries:
        if entry["total_vfs"]:
            entry["has_serial_number"] = vpd.has_serial_number(host, entry["address"])


def _add_schedulers(host: HostRoot, entries: list[Facts]) -> None:
    """Add the scheduler of NVIDIA GPUs with vGPUs."""
    gpus = {one["address"]: one for one in entries if one["framework"] and one["driver"] == nvidia_sriov.DRIVER}
    if not gpus:
        return
    from .._frameworks import vgpu_scheduler

    for address, scheduler in vgpu_scheduler.observe(host, gpus).items():
        gpus[address]["vgpu_scheduler"] = scheduler._asdict()


def _add_properties_of_vfs(host: HostRoot, entries: list[Facts]) -> None:
    """Add the shares of each VF if the driver of its GPU reports them, and its vDPA devices."""
    if not entries:
        return
    from .._devices import vdpa
    from .._frameworks import vf_drivers

    of_vdpa = vdpa.observe(host)
    for entry in entries:
        driver = vf_drivers.shares_of(entry["driver"])
        virtual_functions = {one["index"]: one for one in entry["virtual_functions"]}
        shares = driver.facts(host, entry["address"], virtual_functions) if driver else {}
        for index, virtual in virtual_functions.items():
            virtual.update({"shares": shares[index]} if index in shares else {})
            virtual.update({"vdpa": of_vdpa[virtual["address"]]} if virtual["address"] in of_vdpa else {})


def _parent(parent: Parent) -> Facts:
    return {
        "name": parent.name,
        "bus": parent.bus,
        "address": parent.address,
        "physical_function": parent.physical_function,
        "numa_node": parent.numa_node,
        "framework": parent.framework,
        "types": [
            {
                "id": offer.type.id,
                "name": offer.type.name,
                "description": offer.type.description,
                "attributes": dict(offer.type.attributes),
                "device_api": offer.type.device_api,
                "available_instances": offer.available,
                "max_instances": offer.most,
            }
            for offer in parent.offers
        ],
    }


def _device(device: Device) -> Facts:
    return {
        "uuid": device.uuid,
        "address": device.address,
        "framework": device.framework,
        "type": device.type_id,
        "type_name": device.type_name,
        "parent": device.parent,
        "iommu_group": device.iommu_group,
        "state": device.state,
        "autostart": device.autostart,
        "attributes": [{name: value} for name, value in device.attributes],
        "users": None,
    }


def _iommu(found: Iommu) -> Facts:
    return {
        **found._asdict(),
        "shared_groups": [{"group": one.group, "devices": list(one.devices)} for one in found.shared_groups],
        "kernel_arguments": list(found.kernel_arguments),
        "vfio_drivers": list(found.vfio_drivers),
    }


def _add_mig(host: HostRoot, functions: list[Facts], of_host: dict[str, PciFunction]) -> Optional[dict[str, Gpu]]:
    from .mig_facts import mig_facts, observe_mig

    gpus = observe_mig(host, of_host)
    of_gpus = mig_facts(gpus or {})
    for function in functions:
        function["mig"] = of_gpus.get(function["address"])
    return gpus


def _add_unreadable(facts: Facts, reasons: Mapping[str, str]) -> None:
    """Add to cards and parents why their state is unknown; ``reasons`` are by card."""
    for entry in (*facts.get(PHYSICAL_FUNCTIONS, ()), *facts.get(PARENTS, ())) if reasons else ():
        reason = reasons.get(entry.get("physical_function") or entry.get("name") or entry["address"])
        if reason:
            entry["unreadable"] = reason


def _add_users(host: HostRoot, facts: Facts, functions: dict[str, PciFunction], devices: list[Device]) -> None:
    # Ansible compiles each imported module again in every run.
    from .._guards import user_guards
    from .._guards.base import PROCESSES, Scene
    from .._guards.processes import Processes

    seen = user_guards.observe(host, Scene(functions, devices, Processes(host)))
    for unseen in seen.unseen:
        if unseen.guard != PROCESSES:
            host.warn(unseen.sentence)
    users = seen.users()
    for card in facts.get(PHYSICAL_FUNCTIONS, []):
        for function in (card, *card["virtual_functions"]):
            function["users"] = users.get(function["address"], [])
    for device in facts.get(DEVICES, []):
        device["users"] = users.get(device["uuid"] or device["address"], [])
