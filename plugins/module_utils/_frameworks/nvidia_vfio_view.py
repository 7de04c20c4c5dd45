# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the functions and types of NVIDIA's vendor-specific VFIO framework on a host."""

from __future__ import annotations

from collections.abc import Mapping

from .._core.text import printable
from .._devices.pci import NumaNodes, PciFunction
from .._host.records import read_records, save_record
from .._host.root import HostRoot
from .._model.host import Device, FrameworkState, Offer, Parent, VgpuType
from . import mig_types
from .vgpu_config import TYPE_ID, types_of

NAME = "vendor_vfio"
DEVICE_API = "vfio-pci"
CURRENT_TYPE = "nvidia/current_vgpu_type"
CREATABLE_TYPES = "nvidia/creatable_vgpu_types"
NO_TYPE = "0"
KNOWN_TYPES = "vgpu_types"


class Vgpus:
    """The functions of a host that can have a type."""

    def __init__(self, host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> None:
        self._host = host
        self._functions = functions
        self._numa_nodes = numa_nodes
        self._parents = parent_functions(host, functions)
        self.parent_names = [function.address for function in self._parents]

    def observe(self, with_parents: bool = True) -> FrameworkState:
        parents, devices, known_types = observe(self._host, self._functions, self._parents, self._numa_nodes)
        return FrameworkState(parents, devices, known_types=known_types)

    def unreadable(self) -> Mapping[str, str]:
        return unreadable(self._host, self._functions, self._parents)


def parent_functions(host: HostRoot, functions: dict[str, PciFunction]) -> list[PciFunction]:
    """Return the functions that can have a type: their driver has created the attribute for it."""
    return [
        function
        for function in functions.values()
        if "nvidia" in function.entries and host.exists(f"{function.path}/{CURRENT_TYPE}")
    ]


def observe(
    host: HostRoot, functions: dict[str, PciFunction], vgpu_functions: list[PciFunction], numa_nodes: NumaNodes
) -> tuple[list[Parent], list[Device], dict[str, dict[str, str]]]:
    """Return the parents (all ``vgpu_functions``), the devices (functions that have a type), and the known types.

    A function with a type lists no types, and no function of a full GPU does. Therefore the types of a card also come
    from functions of the same model, from records of :func:`remember`, or from the driver's table. Each parent offers
    all of them, with 0 available instances if its function does not list them.
    """
    known = _remembered(host) if vgpu_functions else {}
    remembered = frozenset(known)
    cards = {function.address: _card(function, functions) for function in vgpu_functions}
    current_types, listed = _read_types(host, vgpu_functions)
    for address, creatable in listed.items():
        types = known.setdefault(_model(cards[address]), {})
        if any(types.get(type_id, name) != name for type_id, name in creatable.items()):
            # The ids changed with the driver version.
            types.clear()
        types.update(creatable)
    _add_unlisted(host, known, remembered, cards, current_types)
    known_types = {address: known[_model(card)] for address, card in cards.items()}
    seen: dict[str, set[str]] = {}
    for address, card in cards.items():
        name = known_types[address].get(current_types.get(address, NO_TYPE), "")
        seen.setdefault(card.address, set()).update(listed[address].values(), [name])
    parents = []
    for function in vgpu_functions:
        card = cards[function.address]
        creatable = listed[function.address]
        types = _of_one_mode({**known_types[function.address], **creatable}, seen[card.address])
        current = current_types.get(function.address)
        parents.append(_parent(function, card, types, creatable, current, numa_nodes))
    devices = [_device(functions[address], known_types[address], current) for address, current in current_types.items()]
    return parents, devices, known_types


def _read_types(host: HostRoot, vgpu_functions: list[PciFunction]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return by address the type of functions that have one, and the types that each function lists."""
    current_types, listed = {}, {}
    files = [f"{one.path}/{name}" for one in vgpu_functions for name in (CURRENT_TYPE, CREATABLE_TYPES)]
    answers = host.read_all(files)
    for function in vgpu_functions:
        path = f"{function.path}/{CURRENT_TYPE}"
        current = answers[path]
        if current is not None and not TYPE_ID.match(current):
            host.warn(f"/{path} holds {current[:40]!r}, which is not the number of a type", path)
        elif current is not None and current != NO_TYPE:
            current_types[function.address] = current
        listed[function.address] = parse_creatable_types(answers[f"{function.path}/{CREATABLE_TYPES}"] or "")
    return current_types, listed


def _add_unlisted(
    host: HostRoot,
    known: dict[str, dict[str, str]],
    remembered: frozenset[str],
    cards: dict[str, PciFunction],
    current_types: dict[str, str],
) -> None:
    """Add types from the driver's table for models that no empty card and no record describes; reading it is slow."""
    occupied = {cards[address].address for address in current_types}
    seen_empty = {_model(card) for card in cards.values() if card.address not in occupied}
    for card in {_model(card): card for card in cards.values()}.values():
        model = _model(card)
        if model not in remembered and model not in seen_empty and card.identity is not None:
            known[model].update({**types_of(host, card.identity), **known[model]})


def unreadable(host: HostRoot, functions: dict[str, PciFunction], vgpu_functions: list[PciFunction]) -> dict[str, str]:
    """Return by card why the type of one of its functions is unknown."""
    reasons = {one: host.unread(f"{one.path}/{CURRENT_TYPE}") for one in reversed(vgpu_functions)}
    return {_card(function, functions).address: reason for function, reason in reasons.items() if reason}


def _card(function: PciFunction, functions: dict[str, PciFunction]) -> PciFunction:
    return functions.get(function.physical_function or function.address, function)


def _of_one_mode(types: dict[str, str], seen: set[str]) -> dict[str, str]:
    """Return the types that fit the names ``seen`` on a card: types with MIG differ from those without."""
    modes = {mig_types.is_mig_backed(name) for name in seen if name}
    return {type_id: name for type_id, name in types.items() if not modes or mig_types.is_mig_backed(name) in modes}


def _model(card: PciFunction) -> str:
    """Return the model, as in ``10de-26b9``, because type ids depend on it."""
    return f"{card.identity.vendor_id}-{card.identity.product_id}" if card.identity else card.address


def remember(host: HostRoot, functions: dict[str, PciFunction], known_types: Mapping[str, Mapping[str, str]]) -> None:
    """Record the type names of each model for the time when its functions list none."""
    saved = _remembered(host)
    for address, types in known_types.items():
        model = _model(_card(functions[address], functions))
        if types and saved.get(model) != types:
            save_record(host, KNOWN_TYPES, model, types)
            saved[model] = dict(types)


def _remembered(host: HostRoot) -> dict[str, dict[str, str]]:
    records = read_records(host, KNOWN_TYPES)
    return {
        model: {
            type_id: printable(name, "")
            for type_id, name in types.items()
            if TYPE_ID.match(type_id) and isinstance(name, str)
        }
        for model, types in records.items()
    }


def parse_creatable_types(text: str) -> dict[str, str]:
    """Parse the table in ``creatable_vgpu_types`` to names by type id; its header is skipped."""
    types = {}
    for line in text.splitlines():
        type_id, dummy, name = line.partition(":")
        if TYPE_ID.match(type_id.strip()):
            types[type_id.strip()] = printable(name.strip(), "")
    return types


def _parent(
    function: PciFunction,
    card: PciFunction,
    types: dict[str, str],
    creatable: dict[str, str],
    current: str | None,
    numa_nodes: NumaNodes,
) -> Parent:
    return Parent(
        name=function.address,
        framework=NAME,
        bus="pci",
        address=function.address,
        physical_function=card.address,
        numa_node=numa_nodes[card.address],
        offers=tuple(
            Offer(
                VgpuType(type_id, name, device_api=DEVICE_API),
                available=int(type_id in creatable),
                most=int(type_id in creatable or type_id == current),
            )
            for type_id, name in types.items()
        ),
    )


def _device(function: PciFunction, names: dict[str, str], current: str) -> Device:
    return Device(
        function.address,
        NAME,
        address=function.address,
        type_id=current,
        type_name=names.get(current),
        iommu_group=function.iommu_group,
    )
