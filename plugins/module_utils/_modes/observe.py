# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the state of a host for sriov_pf_mode: selected cards, their functions and devices, and users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .._core.grammar import FUNCTION_IN_PATH, PCI_ADDRESS
from .._devices import eswitch, pci, sriov, vf_settings
from .._devices.binding import DRIVERS, read_bindings
from .._devices.claimed_ids import ModuleSettings
from .._devices.identity import Identities, difference, is_recorded_card
from .._devices.pci import NumaNodes, PciFunction
from .._frameworks import nvidia_sriov, vf_drivers
from .._frameworks.mdev_view import Mdevs
from .._guards import boot_drivers, console, network_files, other_managers
from .._guards.base import Scene, Seen
from .._guards.network import INTERFACES
from .._guards.processes import Processes
from .._host.records import MODE_RECORDS, RUN_DIRECTORY, Record, read_records, recorded_cards
from .._host.root import HostError, HostRoot
from .._model.host import Binding, Card, GroupPeer, Kept, Native
from .._model.wanted import CardWanted
from .records import AUTOPROBE_OFF, CHANGING, observe_rule, refuse_rule, trusted
from .state import State

Value = TypeVar("Value")


def observe_cards(host: HostRoot, entries: list[CardWanted], functions: dict[str, PciFunction] | None = None) -> State:
    """Read names, cards and drivers. Users are read separately, see :func:`observe_uses`.

    ``functions`` are the functions of the host if they have just been read.
    """
    functions = pci.observe(host) if functions is None else functions
    left = _Left(host)
    identities = Identities(host)
    stale = _of_other_cards(left.records, functions, identities)
    known = _known({name: record for name, record in left.records.items() if name not in stale}, left.remembered)
    names = {entry.pf: _resolve(host, entry.pf, known) for entry in entries if entry.pf}
    state = State(
        names=names,
        functions=functions,
        virtual={one.address: one.physical_function for one in functions.values() if one.is_virtual},
        drivers=host.names(DRIVERS),
        has_program=host.has_program(nvidia_sriov.PROGRAM),
        programs={name: host.has_program(name) for name in (vf_settings.PROGRAM, eswitch.PROGRAM)},
        managers=other_managers.observe(host),
        silent=host.silent,
    )
    meant = [functions[address] for address in dict.fromkeys(names.values()) if address in functions]
    settings = ModuleSettings(host)
    cards = _cards(host, [card for card in meant if not card.is_virtual], functions)
    for address, card in cards.items():
        identity = identities.of(functions[address])
        # Another card of this call writes its own record at its address.
        elsewhere = {old: recorded for old, recorded in stale.items() if old not in cards}
        moved_from = tuple(old for old, recorded in elsewhere.items() if is_recorded_card(recorded, identity))
        kept = left.of_card(address)._replace(native=known.get(address, Native()), moved_from=moved_from)
        cards[address] = card._replace(kept=kept, identity=identity, claimed_by=_claimed_by(settings, card, kept))
        different = difference((kept.record or {}).get("identity"), identity)
        if different:
            host.warn(f"the record of {address} belongs to another card, which was at this address before: {different}")
    for entry in entries:
        address = str(names.get(entry.pf or ""))
        if address in cards:
            cards[address] = _with_network(host, entry, cards[address])
    by_address = {str(names.get(one.pf or "")): one for one in entries}
    others = boot_drivers.observe(host, by_address, cards, settings)
    others += [one for guard in (console, network_files) for one in guard.observe(host, by_address, cards)]
    return state._replace(cards=cards, managers=[*state.managers, *others])


def _claimed_by(settings: ModuleSettings, card: Card, kept: Kept) -> str | None:
    by_ids = sriov.is_vfio_driver(card.binding.driver) and card.binding.override is None
    if kept.native.driver or not (by_ids and card.ids):
        return None
    return settings.source(card.ids.vendor_id, card.ids.product_id)


class _Left:
    """The traces that earlier runs left for cards."""

    def __init__(self, host: HostRoot) -> None:
        self._host = host
        self.records = read_records(host, MODE_RECORDS)
        self.remembered = read_records(host, MODE_RECORDS, RUN_DIRECTORY)
        self._changing = recorded_cards(host, CHANGING, RUN_DIRECTORY)
        self._autoprobe_off = recorded_cards(host, AUTOPROBE_OFF, RUN_DIRECTORY)

    def of_card(self, address: str) -> Kept:
        return Kept(
            record=self.records.get(address),
            remembered=self.remembered.get(address),
            autoprobe_off=address in self._autoprobe_off,
            changing=address in self._changing,
            rule=observe_rule(self._host, address),
            rule_refused=refuse_rule(self._host, address),
        )


def _of_other_cards(
    records: Mapping[str, Record], functions: Mapping[str, PciFunction], identities: Identities
) -> dict[str, Any]:
    """Return the identities in records of cards that are missing or replaced, by address; such records are ignored."""
    return {
        address: record.get("identity")
        for address, record in records.items()
        if address not in functions or difference(record.get("identity"), identities.of(functions[address]))
    }


def _known(records: Mapping[str, Record], remembered: Mapping[str, Record]) -> dict[str, Native]:
    """Return saved data of cards by address; data of the current boot takes precedence over records."""
    found = {}
    for address in {**records, **remembered}:
        if PCI_ADDRESS.match(address):
            before, since = trusted(records.get(address, {}).get("native")), trusted(remembered.get(address))
            certain = {name: value for name, value in since._asdict().items() if value is not None}
            found[address] = before._replace(**certain)
    return found


def observe_again(host: HostRoot, before: Sequence[Card], network: bool = True) -> dict[str, Card]:
    """Read cards again, including the parts that their earlier observation had; return them by address.

    A missing card is skipped with a warning. Without ``network``, settings that need a program are not read.
    """
    functions = pci.observe(host)
    left = _Left(host)
    cards = _cards(host, [functions[card.address] for card in before if card.address in functions], functions)
    for old in before:
        address = old.address
        if address not in cards:
            host.warn(f"{address} is gone")
            continue
        kept = left.of_card(address)._replace(native=old.kept.native)
        card = cards[address]._replace(kept=kept, identity=old.identity)
        if network and old.eswitch is not None and card.is_native:
            card = card._replace(eswitch=eswitch.observe(host, address))
        shares = vf_drivers.shares_of(card.binding.driver)
        if network and old.settings is not None and shares:
            card = card._replace(settings=shares.observe(host, address, old.settings) or None)
        elif network and old.settings is not None and card.netdevs:
            settings, netdevs = through_interface(host, address, card.netdevs, vf_settings.observe)
            card = card._replace(settings=settings, netdevs=netdevs)
        cards[address] = card
    return cards


def interfaces_of(host: HostRoot, address: str) -> tuple[str, ...]:
    functions = pci.observe(host)
    cards = [functions[address]] if address in functions else []
    return tuple(name for card in sriov.read_cards(host, cards, functions, NumaNodes(host)) for name in card.netdevs)


def through_interface(
    host: HostRoot, address: str, netdevs: tuple[str, ...], use: Callable[[HostRoot, str], Value]
) -> tuple[Value, tuple[str, ...]]:
    """Return ``use(host, interface)`` and the interfaces of a card.

    If udev has renamed the interface meanwhile, ``use`` is called again with the new name.
    """
    try:
        return use(host, netdevs[0]), netdevs
    except HostError:
        now = interfaces_of(host, address)
        if not now or netdevs[0] in now:
            raise
        return use(host, now[0]), now


def observe_uses(host: HostRoot, state: State, connection: list[str], during_run: bool = False) -> Seen:
    """Return the uses of the cards.

    This reads every process and interface of the host, so it is skipped if nothing changes. Checks ``during_run`` read
    the functions again, and ignore stopped guests.
    """
    functions = pci.observe(host) if during_run else dict(state.functions)
    # Includes VFs that were created after the observation.
    parts = [one.address for one in functions.values() if {one.address, one.physical_function} & set(state.cards)]
    mdevs = Mdevs(host, functions, NumaNodes(host)).devices()
    scene = Scene(functions, mdevs, Processes(host), frozenset(parts), tuple(connection), configured=not during_run)
    from .._guards import registry

    return registry.observe(host, scene)


def read_users(host: HostRoot) -> dict[str, list[dict[str, Any]]]:
    """Return the processes and guests of all functions by address, in the form of facts."""
    from .._guards import user_guards

    return user_guards.observe(host, Scene(pci.observe(host), [], Processes(host))).users()


def _cards(host: HostRoot, functions: list[PciFunction], all_functions: dict[str, PciFunction]) -> dict[str, Card]:
    cards = sriov.read_cards(host, functions, all_functions, NumaNodes(host))
    bindings = read_bindings(host, [one.address for card in cards for one in card.virtual_functions])
    return {card.address: _complete(host, card, bindings, all_functions) for card in cards}


def _complete(
    host: HostRoot, card: Card, bindings: Mapping[str, Binding], functions: Mapping[str, PciFunction]
) -> Card:
    function, driver, ids = functions[card.address], card.binding.driver, card.ids
    needs_program = bool(card.sriov and ids and nvidia_sriov.governs(ids.vendor_id, ids.pci_class))
    virtual_functions = tuple(
        one._replace(
            binding=one.binding._replace(override=bindings[one.address].override),
            peers=_peers(host, functions[one.address], functions),
        )
        for one in card.virtual_functions
    )
    offset, stride = (host.read_number(f"{function.path}/sriov_{name}", optional=True) for name in ("offset", "stride"))
    return card._replace(
        virtual_functions=virtual_functions,
        sriov=card.sriov and card.sriov._replace(offset=offset, stride=stride),
        is_native=driver is not None
        and not sriov.is_vfio_driver(driver)
        and not (needs_program and driver == nvidia_sriov.STUB),
        needs_program=needs_program,
        peers=_peers(host, function, functions),
        is_bridged=any(one.is_bridge and one.address != card.address for one in _members(function, functions)),
        unseen=_unseen(host, function, [one.address for one in virtual_functions]),
    )


def _unseen(host: HostRoot, card: PciFunction, virtual_functions: list[str]) -> tuple[str, ...]:
    """Return why a part of the card's state, and thus the effect of a change, is unknown."""
    addresses = [card.address, *virtual_functions]
    paths = [f"{card.path}/{sriov.TOTAL}", *(f"{pci.DEVICES}/{one}/{sriov.OVERRIDE}" for one in addresses)]
    # A VF that is only unreadable may have users.
    paths += [path for path in sriov.paths_of_virtual_functions(host, card) if host.unread(path)][:1]
    reasons = [host.silent.get(card.address), *(host.unread(path) for path in paths)]
    return tuple(dict.fromkeys(reason for reason in reasons if reason))


def _members(function: PciFunction, functions: Mapping[str, PciFunction]) -> list[PciFunction]:
    group = function.iommu_group
    return [] if group is None else [other for other in functions.values() if other.iommu_group == group]


def _peers(host: HostRoot, function: PciFunction, functions: Mapping[str, PciFunction]) -> tuple[GroupPeer, ...]:
    """Return the other members of a function's IOMMU group.

    Bridges are excluded. Functions in a PCI domain that the function's own driver creates are excluded too: they
    disappear with this driver (drivers/pci/controller/vmd.c, vmd_remove).
    """
    return tuple(
        GroupPeer(other.address, other.driver, other.physical_function, _is_behind(host, function, other))
        for other in _members(function, functions)
        if other.address != function.address and not other.is_bridge and not _is_behind(host, other, function)
    )


def _is_behind(host: HostRoot, inner: PciFunction, outer: PciFunction) -> bool:
    """Return whether the driver of one function created the PCI domain of the other."""
    return inner.address.partition(":")[0] != outer.address.partition(":")[0] and (
        outer.address in FUNCTION_IN_PATH.findall(host.link(inner.path) or "")
    )


def _resolve(host: HostRoot, name: str, known: Mapping[str, Native]) -> str | None:
    """Return the address of a function by address or interface, including the interface before a passthrough."""
    if PCI_ADDRESS.match(name):
        return name
    addresses = FUNCTION_IN_PATH.findall(host.link(f"{INTERFACES}/{name}") or "")
    if addresses:
        return str(addresses[-1])
    return next((address for address, native in known.items() if name in (native.netdevs or ())), None)


def _with_network(host: HostRoot, entry: CardWanted, card: Card) -> Card:
    """Read VF settings and switch mode if they are requested, or if existing VFs may have to be created again."""
    if not card.is_native:
        return card
    shares = vf_drivers.shares_of(card.binding.driver)
    if shares:
        known = shares.observe(host, card.address, [*entry.vfs, *(one.number for one in card.virtual_functions)])
        card = card._replace(settings=known or None)
    wanted = any(virtual.settings.of_network.names for virtual in entry.vfs.values())
    try:
        # The plan reports a missing program.
        if card.netdevs and (wanted or card.virtual_functions) and host.has_program(vf_settings.PROGRAM):
            settings, netdevs = through_interface(host, card.address, card.netdevs, vf_settings.observe)
            card = card._replace(settings=settings, netdevs=netdevs)
    except HostError as error:
        card = card._replace(unreadable=(str(error),)) if wanted else card
    try:
        if entry.eswitch and host.has_program(eswitch.PROGRAM):
            card = card._replace(eswitch=eswitch.observe(host, card.address))
    except HostError as error:
        card = card._replace(unreadable=(*card.unreadable, str(error)))
    return card
