# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What keeps a card from being changed: somebody uses it, the host itself uses it, or it cannot be passed through."""

from __future__ import annotations

from typing import Any

from .._core.problems import holders, of_hidden
from .._devices import binding as _binding
from .._devices.sriov import is_vfio_driver
from . import steps as _pf_steps

Found = list[str]


class Touched:
    """What steps do to a card: ``driver`` (it leaves), ``port`` (its interface may go down), ``virtual`` (by index)."""

    def __init__(self, card: dict[str, Any], steps: list[dict[str, Any]]) -> None:
        actions = {step["action"]: step for step in steps}
        self.tool = card["gpu"] and bool({"remove", "create"} & set(actions))
        bind = actions.get("bind")
        self.driver = bool(bind and not _binding.driver_fits(card["driver"], bind["binding"])) or self.tool
        self.port = self.driver or bool({"remove", "create", "eswitch"} & set(actions))
        self.virtual: dict[int, str] = {}
        if "settings" in actions:
            self.virtual.update(dict.fromkeys(actions["settings"]["settings"], "be set up anew"))
        if "bind_vfs" in actions:
            self.virtual.update(dict.fromkeys(actions["bind_vfs"]["certain"], "change its driver"))
        if "remove" in actions:
            self.virtual = {virtual["index"]: "go" for virtual in card["virtual_functions"]}


def uses(
    card: dict[str, Any], steps: list[dict[str, Any]], target: dict[str, Any], state: dict[str, Any], network: bool
) -> Found:
    """A sentence for each use that the steps would end. ``network``: those of the host's network count too."""
    touched = Touched(card, steps)
    address, users = card["address"], state["users"]
    found: Found = []
    if touched.port:
        found += _held(address, "be changed", _against(users.get(address, []), target))
    if touched.driver:
        found += _carries(address, card, "give up its driver")
    if touched.port and network:
        for interface in card["netdevs"]:
            found += _interface(address, interface, state, "change the card")
    for virtual in card["virtual_functions"]:
        what = touched.virtual.get(virtual["index"])
        if what is None:
            continue
        found += _held(f"VF {virtual['address']} of {address}", what, users.get(virtual["address"], []))
        if what != "be set up anew":
            found += _carries(f"VF {virtual['address']} of {address}", virtual, what)
            if network and virtual["netdev"]:
                found += _interface(f"VF {virtual['address']} of {address}", virtual["netdev"], state, what)
    return found


def _against(users: list[dict[str, Any]], target: dict[str, Any]) -> list[dict[str, Any]]:
    """A domain that is only defined wants the whole card, and is no reason against giving it."""
    whole = target["num_vfs"] == 0 and is_vfio_driver(target["binding"]["driver"])
    return [user for user in users if user["running"] or not whole]


def _held(name: str, what: str, users: list[dict[str, Any]]) -> Found:
    if not users:
        return []
    return [f"{name} would have to {what}, but is in use by {holders(users)}: shut it down, or detach the device"]


def _carries(name: str, function: dict[str, Any], what: str) -> Found:
    found = []
    vgpus = function["vgpus"]
    if vgpus:
        carried = " and ".join(
            one["name"] + (f" (in use by {holders(one['users'])})" if one["users"] else "") for one in vgpus
        )
        found.append(f"{name} would have to {what}, but carries {carried}: end all use of that, and remove it first")
    if function["in_namespace"]:
        found.append(
            f"{name} would have to {what}, but its network interface is in another network namespace, such as that of "
            "a container, which would lose it: end that use first"
        )
    if function["disks"]:
        found.append(f"{name} would have to {what}, but carries a disk of this host: {'; '.join(function['disks'])}")
    return found


def _interface(name: str, interface: str, state: dict[str, Any], what: str) -> Found:
    sentences = state["interfaces"].get(interface, [])
    if not sentences:
        return []
    advice = "choose another card; allow_host_network, in the role sriov_allow_host_network, lifts this"
    return [
        f"{name} has the host's interface {interface}, which {' and '.join(sentences)}; to {what} cuts it: {advice}"
    ]


def passthrough(card: dict[str, Any], target: dict[str, Any], given: set[str]) -> Found:
    """Why a function that shall get a VFIO driver could not be passed through. ``given``: other cards of this call."""
    found: Found = []
    wants = [target["vf_binding"], *(virtual["binding"] for virtual in target["vfs"].values())]
    vfio_vfs = any(one and is_vfio_driver(one["driver"]) for one in wants)
    whole = is_vfio_driver(target["binding"]["driver"])
    if (whole or vfio_vfs) and card["iommu_group"] is None:
        return [
            f"{card['address']} is in no IOMMU group, so that it cannot be passed through: switch the IOMMU on, and "
            "restart the host"
        ]
    if whole:
        for other in card["group_others"]:
            leaves = other["physical_function"] == card["address"] or other["address"] in given
            if not leaves and other["driver"] is not None and not is_vfio_driver(other["driver"]):
                found.append(
                    f"{card['address']} shares IOMMU group {card['iommu_group']} with {other['address']}, which "
                    f"{other['driver']} has: the whole group has to be given away together"
                )
    return found


def stuck(state: dict[str, Any]) -> Found:
    """VFs whose removal waits for their users: until they are gone, every other change of VFs waits as well."""
    return [
        f"the removal of VF {address} is pending, in use by {holders(state['users'].get(address, [])) or 'somebody'}: "
        "the kernel changes no virtual function of this host until it is released"
        for address in state["leaving"]
    ]


def hidden(card: dict[str, Any], steps: list[dict[str, Any]], state: dict[str, Any]) -> Found:
    """Why nobody knows whether something that would be changed is in use."""
    touched = Touched(card, steps)
    if state["hidden"] and (touched.port or touched.virtual):
        return [of_hidden(state["hidden"])]
    return []


def leaves_to_libvirt(card: dict[str, Any], target: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The target without what libvirt's managed mode has done for running guests, and undoes after them."""
    running = {address for address, users in state["users"].items() if any(user["running"] for user in users)}
    lent = card["address"] in running and is_vfio_driver(card["driver"])
    if lent and target["whole"] and not is_vfio_driver(target["binding"]["driver"]):
        target = {**target, "binding": _binding.exactly(card["driver_override"], card["driver"])}
    kept = {}
    for virtual in card["virtual_functions"]:
        wanted = _pf_steps.binding_of(target, virtual["index"])
        if (
            virtual["address"] in running
            and is_vfio_driver(virtual["driver"])
            and wanted
            and wanted["driver"] == _binding.CHOICE
        ):
            settings = target["vfs"].get(virtual["index"], {}).get("settings", {})
            binding = _binding.exactly(virtual["override"], virtual["driver"])
            kept[virtual["index"]] = {"binding": binding, "settings": settings}
    return {**target, "vfs": {**target["vfs"], **kept}} if kept else target
