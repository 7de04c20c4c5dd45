# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the reasons against changing a card: it is in use, or it cannot be passed through."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable

from .._core.wording import describe_users
from .._devices.binding import CHOICE, exactly, has_driver
from .._devices.sriov import allows_passthrough_beside, is_vfio_driver
from .._guards.base import Seen
from .._guards.conflicts import blind_spots, conflicts
from .._model.host import Card, GroupPeer
from .._model.steps import BindCard, BindVfs, CardStep, MakeVfs, RemoveVfs, SetSwitch, SetVfNetwork, SetVfShares
from .._model.uses import DRIVER, EVERY_EFFECT, GONE, PORT, SETTINGS, SWITCH, Touch, Use
from .._model.wanted import CardTarget, VfTarget
from .state import State
from .steps import find_step
from .target import binding_of

Found = list[str]


def touches(card: Card, steps: list[CardStep]) -> list[Touch]:
    """Return the effects of the steps on a card and its VFs."""
    address = card.address
    bind, binds, network = find_step(steps, BindCard), find_step(steps, BindVfs), find_step(steps, SetVfNetwork)
    shares = find_step(steps, SetVfShares)
    removes = find_step(steps, RemoveVfs) is not None
    changes_number = removes or find_step(steps, MakeVfs) is not None
    by_program = card.needs_program and changes_number
    loses_driver = by_program or bool(bind and not has_driver(card.binding.driver, bind.binding))
    found = []
    switches = find_step(steps, SetSwitch) is not None
    if loses_driver or changes_number or switches:
        found.append(Touch(address, PORT, address, "be changed"))
    if loses_driver:
        found.append(Touch(address, DRIVER, address, "be unbound from its driver"))
    if switches:
        found.append(Touch(address, SWITCH, address, "change the mode of its switch"))
    for virtual in card.virtual_functions:
        label = f"VF {virtual.address} of {address}"
        if removes:
            found.append(Touch(virtual.address, GONE, label, "be removed"))
        elif binds and virtual.number in binds.certain:
            found.append(Touch(virtual.address, DRIVER, label, "change its driver"))
        elif any(step and virtual.number in step.settings for step in (network, shares)):
            found.append(Touch(virtual.address, SETTINGS, label, "be set up again"))
    return found


def uses(card: Card, steps: list[CardStep], target: CardTarget, seen: Seen, lifted: Container[str]) -> Found:
    """Return a sentence for each use that the steps would end; ``lifted`` are options that permit an end."""
    ready = _ready_for_guests(card, steps, target)
    counting = [use for use in seen.uses if not (use.subject in ready and _waits_for_it(use))]
    return conflicts(touches(card, steps), counting, lifted)


def _ready_for_guests(card: Card, steps: list[CardStep], target: CardTarget) -> set[str]:
    """Return the functions that get a VFIO driver and nothing else.

    A stopped guest that will get such a function does not block it, but a guest that needs its driver does.
    """
    ready = {card.address} if target.num_vfs == 0 and is_vfio_driver(target.binding.driver) else set()
    binds, network, shares = find_step(steps, BindVfs), find_step(steps, SetVfNetwork), find_step(steps, SetVfShares)
    if binds and not find_step(steps, RemoveVfs):
        changed = {*(network.settings if network else ()), *(shares.settings if shares else ())}
        for virtual in card.virtual_functions:
            wanted = binds.bindings.get(virtual.number)
            if wanted and is_vfio_driver(wanted.driver) and virtual.number not in changed:
                ready.add(virtual.address)
    return ready


def _waits_for_it(use: Use) -> bool:
    """Return whether the user is a stopped guest to which the whole function is passed through."""
    return bool(use.holder and not use.holder.running and use.ended_by == EVERY_EFFECT)


def passthrough(card: Card, target: CardTarget, passed_through: Collection[str]) -> Found:
    """Return why a card or VF that gets a VFIO driver could not be passed through, given other cards of this call."""
    found: Found = []
    wants = [target.vf_binding, *(virtual.binding for virtual in target.vfs.values())]
    vfio_vfs = any(one and is_vfio_driver(one.driver) for one in wants)
    passes_through = is_vfio_driver(target.binding.driver)
    if (passes_through or vfio_vfs) and card.iommu_group is None:
        return [
            f"{card.address} has no IOMMU group, so it cannot be passed through. Enable the IOMMU with the role "
            "vfio.devices.iommu, and reboot the host"
        ]
    if passes_through:
        found += _left_behind(card, passed_through)
    if vfio_vfs and target.num_vfs != 0:
        found += _shared_with_host(card, target, passed_through)
    return found


def held_back(card: Card, target: CardTarget, passed_through: Collection[str], skipped: Collection[str]) -> Found:
    """Return why a card must wait for another one of its IOMMU group that is in use and therefore ``skipped``."""
    if not skipped or passthrough(card, target, passed_through):
        return []
    others = [address for address in passed_through if address not in skipped]
    if not passthrough(card, target, others):
        return []
    blocking = " and ".join(one.address for one in card.peers if one.address in skipped)
    return [
        f"{card.address} shares IOMMU group {card.iommu_group} with {blocking}, which is in use, and a group can only "
        "be passed through completely"
    ]


def _left_behind(card: Card, passed_through: Collection[str]) -> Found:
    """Return why a whole card cannot be passed through: the host uses members of its group, such as a GPU's audio."""
    blocking = [
        other
        for other in card.peers
        if not (other.physical_function == card.address or other.address in passed_through)
        and not allows_passthrough_beside(other.driver)
    ]
    above = next((other for other in card.peers if other.is_above), None)
    if above:
        return [
            f"{card.address} is behind the controller {above.address}, which {above.driver} has, and can only be "
            f"passed through with it. Select {above.address}, or disable this controller (Intel VMD) in the firmware"
        ]
    if not blocking:
        return []
    named = " and ".join(f"{other.address}, which {other.driver} has" for other in blocking)
    addresses = ", ".join(f'"{address}"' for address in sorted([card.address, *(other.address for other in blocking)]))
    return [
        f"{card.address} shares IOMMU group {card.iommu_group} with {named}, but a group can "
        f"only be passed through completely. Write all these functions into select, such as select: [{addresses}], or "
        "unbind the drivers of unused functions"
    ]


def _shared_with_host(card: Card, target: CardTarget, passed_through: Collection[str]) -> Found:
    """Return why VFs with a VFIO driver cannot be passed through: the host uses others of their IOMMU groups."""

    def gets_vfio(index: int) -> bool:
        wanted = binding_of(target, index)
        return bool(wanted and is_vfio_driver(wanted.driver))

    shown = [virtual for virtual in card.virtual_functions if gets_vfio(virtual.number)]
    siblings = {virtual.address for virtual in shown}
    sharing: dict[tuple[int | None, str], list[str]] = {}
    for virtual in shown:
        blocking = _of_host(virtual.peers, siblings | {*passed_through})
        if blocking:
            sharing.setdefault((virtual.iommu_group, blocking), []).append(virtual.address)
    found = [
        f"{', '.join(addresses)} of {card.address} cannot be used by a guest, because IOMMU group {group} also has "
        f"{blocking}. Enable ACS in the firmware, or move the card to another slot"
        for (group, blocking), addresses in sharing.items()
    ]
    if not card.virtual_functions and target.num_vfs and card.is_bridged and card.address not in passed_through:
        # If a bridge above does not isolate functions, they join the group of this bridge (drivers/iommu/iommu.c,
        # pci_device_group).
        others = _of_host(card.peers, passed_through)
        found.append(
            f"new VFs of {card.address} would share IOMMU group {card.iommu_group} with "
            f"{', '.join(filter(None, (card.address, others)))}, because the PCI bridge above does not isolate "
            "devices. Enable ACS in the firmware, or move the card to another slot"
        )
    return found


def _of_host(peers: Iterable[GroupPeer], others: Collection[str]) -> str:
    """Return the members of a group that are bound to a host driver, except ``others``."""
    return ", ".join(
        f"{one.address} ({one.driver})"
        for one in peers
        if not allows_passthrough_beside(one.driver) and one.address not in others
    )


def pending_removals(state: State) -> Found:
    """Return the VFs whose removal waits for users. Until they are gone, all changes of VFs wait."""
    users = state.seen.users()
    return [
        f"the removal of VF {address} is pending, because it is in use by "
        f"{describe_users(users.get(address, [])) or 'an unknown process'}. Stop this use: until then the kernel "
        "changes no virtual function of this host"
        for address in state.leaving
    ]


def unseen(card: Card, steps: list[CardStep], seen: Seen, accepted: Container[str]) -> Found:
    """Return why users of affected functions may be unknown; ``accepted`` are names of guards to ignore."""
    return blind_spots(seen.unseen, accepted) if touches(card, steps) else []


def leaves_to_libvirt(card: Card, target: CardTarget, seen: Seen) -> CardTarget:
    """Return the target without changes that libvirt's managed mode has made for running guests and will revert."""
    running = {use.subject for use in seen.uses if use.holder and use.holder.running}
    lent = card.address in running and is_vfio_driver(card.binding.driver)
    if lent and target.passthrough and not is_vfio_driver(target.binding.driver):
        target = target._replace(binding=exactly(card.binding))
    kept = {}
    for virtual in card.virtual_functions:
        wanted = binding_of(target, virtual.number)
        if virtual.address in running and is_vfio_driver(virtual.binding.driver) and wanted and wanted.driver == CHOICE:
            kept[virtual.number] = target.vfs.get(virtual.number, VfTarget())._replace(binding=exactly(virtual.binding))
    return target._replace(vfs={**target.vfs, **kept})
