# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Observe existing and possible devices of all frameworks; every module uses this observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .._devices.pci import NumaNodes, PciFunction
from .._host.root import HostRoot
from .._model.host import Definition, Device, Parent
from . import mdev, nvidia_vfio
from .definitions import apply_definitions, read_definitions
from .mdev import Mdevs


class Made(NamedTuple):
    """The state of all frameworks on a host."""

    parents: list[Parent]
    devices: list[Device]  # including devices that are only defined
    definitions: Mapping[tuple[str, str], Definition]  # by parent and UUID
    # by parent: names by id, including types that the parent does not offer now
    known_types: Mapping[str, Mapping[str, str]]


class Frameworks:
    def __init__(self, host: HostRoot, functions: dict[str, PciFunction], numa_nodes: NumaNodes) -> None:
        self._host = host
        self._functions = functions
        self._numa_nodes = numa_nodes
        self._mdevs = Mdevs(host, functions, numa_nodes)
        self._vgpu_functions = nvidia_vfio.parent_functions(host, functions)

    def of_cards(self) -> dict[str, str]:
        """Return the framework of each card that can have vGPUs or other mdevs, directly or on its VFs."""
        parents = {name: mdev.FRAMEWORK for name in self._mdevs.parent_names if name in self._functions}
        parents.update((function.address, nvidia_vfio.FRAMEWORK) for function in self._vgpu_functions)
        return {self._functions[name].physical_function or name: framework for name, framework in parents.items()}

    def observe(self, with_parents: bool = True) -> Made:
        """Return parents and devices; without ``with_parents``, skip mdev parents, whose types are slow to read."""
        devices = self._mdevs.devices()
        parents = self._mdevs.parents(devices) if with_parents else []
        vgpu_parents, vgpus, known_types = nvidia_vfio.observe(
            self._host, self._functions, self._vgpu_functions, self._numa_nodes
        )
        definitions = read_definitions(self._host)
        existing, defined = apply_definitions(self._host, definitions, devices, self._mdevs)
        return Made([*parents, *vgpu_parents], [*existing, *vgpus, *defined], definitions, known_types)

    def unreadable(self) -> dict[str, str]:
        """Return why the state of a card is unknown, by card."""
        reasons = nvidia_vfio.unreadable(self._host, self._functions, self._vgpu_functions)
        return {**reasons, **self._host.silent}
