# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The s390 crypto matrix: adapters and domains assigned to mdevs (drivers/s390/crypto/vfio_ap_ops.c)."""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

from .kstrto import error, unsigned
from .profile import ApSpec
from .tree import Attribute, constant

if TYPE_CHECKING:
    from .host import SimHost
    from .mdev import Mdev

MASK_BITS = 256
KINDS = ("adapter", "domain", "control_domain")


class Assignment:
    """The assignment of one mdev: ids by kind."""

    def __init__(self) -> None:
        self.ids: dict[str, set[int]] = {kind: set() for kind in KINDS}

    def queues(self) -> set[tuple[int, int]]:
        """Return each adapter with each domain."""
        return {(adapter, domain) for adapter in self.ids["adapter"] for domain in self.ids["domain"]}


class ApMatrix:
    """All assignments, and the masks of ids that the host reserves."""

    def __init__(self, host: SimHost, spec: ApSpec) -> None:
        self.spec = spec
        self.mdevs: dict[str, Assignment] = {}
        self.reserved = {(adapter, domain) for adapter in spec.host_adapters for domain in spec.host_domains}
        host.tree.attributes(
            "sys/bus/ap",
            {"apmask": constant(_mask(spec.host_adapters)), "aqmask": constant(_mask(spec.host_domains))},
        )

    def attributes(self, mdev: Mdev) -> dict[str, Attribute]:
        """Return the files of one mdev."""
        own = self.mdevs[mdev.name] = Assignment()
        # A removed device releases its queues.
        self.mdevs = {name: item for name, item in self.mdevs.items() if name in mdev.host.mdev.devices}
        files = {
            "matrix": Attribute(partial(self._show_queues, own)),
            "guest_matrix": Attribute(lambda: self._show_queues(own) if mdev.holders else ""),
            "control_domains": Attribute(lambda: _lines(own.ids["control_domain"])),
        }
        for kind in KINDS:
            files[f"assign_{kind}"] = Attribute(store=partial(self._assign, own, kind))
            files[f"unassign_{kind}"] = Attribute(store=partial(self._unassign, own, kind))
        return files

    def _assign(self, own: Assignment, kind: str, data: bytes) -> None:
        number = self._parse(kind, data)
        before = set(own.ids[kind])
        own.ids[kind].add(number)
        others = set().union(*(item.queues() for item in self.mdevs.values() if item is not own))
        refused = None
        if own.queues() & self.reserved:
            refused = errno.EADDRNOTAVAIL
        elif own.queues() & others:
            refused = errno.EADDRINUSE
        if refused and kind != "control_domain":
            own.ids[kind] = before
            raise error(refused)

    def _unassign(self, own: Assignment, kind: str, data: bytes) -> None:
        own.ids[kind].discard(self._parse(kind, data))

    def _parse(self, kind: str, data: bytes) -> int:
        number = unsigned(data, 64)
        if number > (self.spec.adapters if kind == "adapter" else self.spec.domains):
            raise error(errno.ENODEV)
        return number

    def _show_queues(self, own: Assignment) -> str:
        adapters, domains = sorted(own.ids["adapter"]), sorted(own.ids["domain"])
        if adapters and domains:
            return "".join(f"{adapter:02x}.{domain:04x}\n" for adapter in adapters for domain in domains)
        return "".join(f"{adapter:02x}.\n" for adapter in adapters) + "".join(f".{domain:04x}\n" for domain in domains)


def _mask(bits: list[int]) -> str:
    return f"0x{sum(1 << MASK_BITS - 1 - bit for bit in bits):064x}"


def _lines(numbers: set[int]) -> str:
    return "".join(f"{number:04x}\n" for number in sorted(numbers))
