# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What sriov_pf_mode has to know of a host: the cards that are meant, all that hangs on them, and who uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._core.grammar import FUNCTION_IN_PATH, PCI_ADDRESS
from .._devices import eswitch, pci, sriov, vf_settings
from .._devices.binding import DRIVERS, read_bindings
from .._devices.identity import Identities, difference, is_same
from .._devices.pci import NumaNodes, PciFunction
from .._frameworks import nvidia_sriov
from .._frameworks.mdev import Mdevs
from .._guards import managers
from .._guards.base import Scene, Seen
from .._guards.network import INTERFACES
from .._guards.processes import Processes
from .._host.records import RUN_DIRECTORY, read_records, recorded_cards
from .._host.root import HostError, HostRoot
from .records import AUTOPROBE_OFF, CHANGING, MODE_RECORDS, observe_rule, refuse_rule, trusted

Value = TypeVar("Value")


def observe_cards(host: HostRoot, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Names, cards, drivers; who or what uses the cards is not looked up yet: see :func:`look`."""
    functions = pci.observe(host)
    kept = _Kept(host)
    identities = Identities(host)
    stale = _of_other_cards(kept.records, functions, identities)
    known = _known({name: record for name, record in kept.records.items() if name not in stale}, kept.memories)
    names = {entry["pf"]: _resolve(host, entry["pf"], known) for entry in entries if entry["pf"]}
    state: dict[str, Any] = {
        "names": names,
        "functions": functions,
        "virtual": {
            function.address: function.physical_function for function in functions.values() if function.is_virtual
        },
        "leaving": [one.address for one in functions.values() if one.is_virtual and not one.physical_function],
        "drivers": host.names(DRIVERS),
        "tool": host.has_program(nvidia_sriov.PROGRAM),
        "programs": {name: host.has_program(name) for name in (vf_settings.PROGRAM, eswitch.PROGRAM)},
        "owners": managers.observe(host),
        "seen": Seen(),
    }
    state["silent"] = host.silent
    cards = [functions[address] for address in dict.fromkeys(names.values()) if address in functions]
    state["cards"] = _cards(host, [card for card in cards if not card.is_virtual], functions)
    for address, card in state["cards"].items():
        identity = identities.of(functions[address])
        card.update(kept.of_card(address), known=known.get(address, {}), identity=identity)
        card["moved_from"] = [
            old
            for old, recorded in stale.items()
            # Another card of this call gets a record of its own there.
            if old not in state["cards"] and is_same(recorded, identity) and not difference(recorded, identity)
        ]
        different = difference((card["record"] or {}).get("identity"), identity)
        if different:
            host.warn(f"the record of {address} is of another card, which was there before: {different}")
    for entry in entries:
        card = state["cards"].get(names.get(entry["pf"]))
        if card:
            _add_network(host, entry, card)
    return state


class _Kept:
    """What runs before have left about cards."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self.records = read_records(host, MODE_RECORDS)
        self.memories = read_records(host, MODE_RECORDS, RUN_DIRECTORY)
        self._changing = recorded_cards(host, CHANGING, RUN_DIRECTORY)
        self._autoprobe_off = recorded_cards(host, AUTOPROBE_OFF, RUN_DIRECTORY)

    def of_card(self, address: str) -> dict[str, Any]:
        return {
            "record": self.records.get(address),
            "memory": self.memories.get(address),
            "autoprobe_off": address in self._autoprobe_off,
            "changing": address in self._changing,
            "rule": observe_rule(self._host, address),
            "rule_refused": refuse_rule(self._host, address),
        }


def _of_other_cards(
    records: dict[str, dict[str, Any]], functions: dict[str, PciFunction], identities: Identities
) -> dict[str, Any]:
    """By address the identities in records of cards that are not there (now): they know nothing of those that are."""
    return {
        address: record.get("identity")
        for address, record in records.items()
        if address not in functions or difference(record.get("identity"), identities.of(functions[address]))
    }


def _known(records: dict[str, dict[str, Any]], memories: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By address what is remembered of cards; since the last boot it is more certain than a record from before."""
    return {
        address: {
            **trusted(records.get(address, {}).get("native")),
            **trusted(memories.get(address)),
        }
        for address in {**records, **memories}
        if PCI_ADDRESS.match(address)
    }


def observe_again(host: HostRoot, before: list[dict[str, Any]], network: bool = True) -> dict[str, dict[str, Any]]:
    """By address some cards as they are now, with the parts that an earlier observation of them had.

    A card that is gone is told and left out. Without ``network`` no program is asked about its settings.
    """
    functions = pci.observe(host)
    kept = _Kept(host)
    present = [card for card in before if card["address"] in functions]
    cards = _cards(host, [functions[card["address"]] for card in present], functions)
    for old in before:
        address = old["address"]
        if address not in cards:
            host.warn(f"{address} is gone")
            continue
        card = cards[address]
        card.update(kept.of_card(address), known=old["known"], identity=old["identity"], moved_from=[])
        if network and old["eswitch"] is not None and card["native"]:
            card["eswitch"] = eswitch.observe(host, address)
        if network and old["settings"] is not None and card["netdevs"]:
            card["settings"] = through_interface(host, card, vf_settings.observe)
    return cards


def interfaces_of(host: HostRoot, address: str) -> list[str]:
    """The interfaces of a card now."""
    functions = pci.observe(host)
    cards = [functions[address]] if address in functions else []
    return [name for card in sriov.describe(host, cards, functions, NumaNodes(host)) for name in card["netdevs"]]


def through_interface(host: HostRoot, card: dict[str, Any], use: Callable[[HostRoot, str], Value]) -> Value:
    """Use the interface of a card; once more if udev has given it its lasting name meanwhile."""
    name = card["netdevs"][0]
    try:
        return use(host, name)
    except HostError:
        now = interfaces_of(host, card["address"])
        if not now or name in now:
            raise
        card["netdevs"] = now
        return use(host, now[0])


def look(host: HostRoot, state: dict[str, Any], connection: list[str], anew: bool = False) -> Seen:
    """What the cards are used for, and by whom.

    This looks at every process and every interface of the host, so that it is left out where nothing is to be changed.
    ``anew`` means while the work goes on: the functions are not those of the plan, and guests that do not run are left
    out.
    """
    functions = pci.observe(host) if anew else state["functions"]
    # Also VFs that were created meanwhile.
    parts = [one.address for one in functions.values() if {one.address, one.physical_function} & set(state["cards"])]
    mdevs = Mdevs(host, functions, NumaNodes(host)).devices()
    scene = Scene(functions, mdevs, Processes(host), frozenset(parts), tuple(connection), configured=not anew)
    from .._guards import every

    return every.observe(host, scene)


def users(host: HostRoot) -> dict[str, list[dict[str, Any]]]:
    """Who holds which function now."""
    from .._guards import every

    return every.observe(host, Scene(pci.observe(host), [], Processes(host)), every.HOLDERS).users()


def _cards(host: HostRoot, cards: list[PciFunction], functions: dict[str, PciFunction]) -> dict[str, dict[str, Any]]:
    described = sriov.describe(host, cards, functions, NumaNodes(host))
    virtual = [one["address"] for card in described for one in card["virtual_functions"]]
    bindings = read_bindings(host, virtual)
    for card in described:
        function = functions[card["address"]]
        card["capable"] = "sriov_totalvfs" in function.entries
        card["bridge"] = function.is_bridge
        card["gpu"] = nvidia_sriov.governs(card["vendor_id"], card["class"]) and card["capable"]
        card["group_others"] = _group_others(function, functions)
        for one in card["virtual_functions"]:
            one["group_others"] = _group_others(functions[one["address"]], functions)
        card["offset"] = host.read_number(f"{function.path}/sriov_offset", optional=True)
        card["stride"] = host.read_number(f"{function.path}/sriov_stride", optional=True)
        card["eswitch"] = None
        card["settings"] = None
        card["unreadable"] = []
        card["unseen"] = _unseen(host, function, [one["address"] for one in card["virtual_functions"]])
        card["native"] = card["driver"] is not None and not (
            sriov.is_vfio_driver(card["driver"]) or (card["gpu"] and card["driver"] == nvidia_sriov.STUB)
        )
        for one in card["virtual_functions"]:
            one["override"] = bindings[one["address"]][0]
    return {card["address"]: card for card in described}


def _unseen(host: HostRoot, card: PciFunction, virtual_functions: list[str]) -> list[str]:
    """Why a part of a card's state is unknown, so that nobody knows what a change would do."""
    addresses = [card.address, *virtual_functions]
    paths = [f"{card.path}/{sriov.TOTAL}", *(f"{pci.DEVICES}/{one}/{sriov.OVERRIDE}" for one in addresses)]
    reasons = [host.silent.get(card.address), *(host.unread(path) for path in paths)]
    return list(dict.fromkeys(reason for reason in reasons if reason))


def _group_others(function: PciFunction, functions: dict[str, PciFunction]) -> list[dict[str, Any]]:
    """The other members of a function's IOMMU group; bridges do not count."""
    return [
        {"address": other.address, "driver": other.driver, "physical_function": other.physical_function}
        for other in functions.values()
        if function.iommu_group is not None
        and other.iommu_group == function.iommu_group
        and other.address != function.address
        and not other.is_bridge
    ]


def _resolve(host: HostRoot, name: str, known: dict[str, dict[str, Any]]) -> str | None:
    """The address of a function by its address or an interface; also by one that it had before it was given away."""
    if PCI_ADDRESS.match(name):
        return name
    addresses = FUNCTION_IN_PATH.findall(host.link(f"{INTERFACES}/{name}") or "")
    if addresses:
        return str(addresses[-1])
    return next((address for address, memory in known.items() if name in memory.get("netdevs", [])), None)


def _add_network(host: HostRoot, entry: dict[str, Any], card: dict[str, Any]) -> None:
    """Settings and switch mode: where they are wanted, and of VFs that may have to be made again."""
    if not card["native"]:
        return
    wanted = any(virtual["settings"] for virtual in entry["vfs"].values())
    lasting = card["virtual_functions"] and host.has_program(vf_settings.PROGRAM)
    try:
        if card["netdevs"] and (wanted or lasting):
            card["settings"] = through_interface(host, card, vf_settings.observe)
    except HostError as error:
        card["unreadable"] += [str(error)] if wanted else []
    try:
        if entry["eswitch"]:
            card["eswitch"] = eswitch.observe(host, card["address"])
    except HostError as error:
        card["unreadable"].append(str(error))
