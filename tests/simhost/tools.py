# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of a simulated host for the in-process front: ``ip``, ``devlink``, ``modprobe``, ``sriov-manage``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .accessor import Accessor
from .host import SimHost
from .kstrto import error
from .pci import PciFunction

SRIOV_MANAGE = "usr/lib/nvidia/sriov-manage"
NEW_VF: dict[str, Any] = {
    "link_type": "ether",
    "address": "00:00:00:00:00:00",
    "broadcast": "ff:ff:ff:ff:ff:ff",
    "vlan_list": [{}],
    "rate": {"max_tx": 0, "min_tx": 0},
    "spoofchk": True,
    "link_state": "auto",
    "trust": False,
    "query_rss_en": False,
}


class Output(NamedTuple):
    """What a program left behind."""

    status: int
    text: str
    errors: str


class Ended:
    """A program that ended at once, or with ``None`` one that never does."""

    def __init__(self, output: Output | None) -> None:
        self.output = output
        self.killed = False

    def poll(self) -> Output | None:
        """What it left behind."""
        return self.output

    def kill(self) -> None:
        """End it."""
        self.killed = True


class Tools:
    """The programs; ``missing`` are not installed, ``hanging`` never end, ``ignored`` settings change nothing.

    ``calls`` are all command lines, and ``failures`` by the first words of one what it says when it fails.
    """

    def __init__(self, host: SimHost, files: Accessor | None = None) -> None:
        self.host = host
        self.files = files or Accessor(host)
        self.calls: list[str] = []
        self.missing: set[str] = set()
        self.hanging: set[str] = set()
        self.ignored: set[str] = set()
        self.failures: dict[str, str] = {}
        self.eswitch: dict[str, str] = {}
        self.settings: dict[int, dict[str, Any]] = {}
        self.keep: list[PciFunction] = []

    def find(self, name: str) -> str | None:
        """The path of a program."""
        if name in self.missing or (name == SRIOV_MANAGE and not self.files.exists(name)):
            return None
        return name

    def start(self, path: str, arguments: Sequence[str]) -> Ended:
        """Run a program."""
        command = " ".join([path, *arguments])
        self.calls.append(command)
        if path in self.hanging:
            return Ended(None)
        for beginning, text in self.failures.items():
            if command.startswith(beginning):
                return Ended(Output(1, "", text))
        programs: dict[str, Callable[[list[str]], str]] = {
            "ip": self._ip,
            "devlink": self._devlink,
            SRIOV_MANAGE: self._sriov_manage,
            "modprobe": self._modprobe,
        }
        try:
            return Ended(Output(0, programs[path](list(arguments)), ""))
        except OSError as problem:
            return Ended(Output(2, "", f"{problem.strerror}"))

    def _card(self, interface: str) -> PciFunction:
        netdev = self.host.netdevs.get(interface)
        device = getattr(netdev, "device", None)
        if not isinstance(device, PciFunction):
            raise error(19)
        return device

    def _vfs(self, card: PciFunction) -> list[dict[str, Any]]:
        # Settings live as long as the VF does.
        vfs = card.sriov.vfs if card.sriov else []
        self.keep += [vf for vf in vfs if id(vf) not in self.settings]
        return [
            self.settings.setdefault(id(vf), {"vf": index, **json.loads(json.dumps(NEW_VF))})
            for index, vf in enumerate(vfs)
        ]

    def _ip(self, arguments: list[str]) -> str:
        if arguments[:4] == ["-j", "-d", "link", "show"]:
            card = self._card(arguments[5])
            return json.dumps([{"ifname": arguments[5], "vfinfo_list": self._vfs(card)}])
        vfs = self._vfs(self._card(arguments[3]))
        index = int(arguments[5])
        if index >= len(vfs):
            raise error(22)
        for name, value in zip(arguments[6::2], arguments[7::2]):
            if name not in self.ignored:
                self._set(vfs[index], name, value)
        return ""

    def _set(self, virtual: dict[str, Any], name: str, value: str) -> None:
        if name in ("vlan", "qos"):
            virtual["vlan_list"][0].pop(name, None)
            virtual["vlan_list"][0].update({name: int(value)} if int(value) else {})
        elif name in ("min_tx_rate", "max_tx_rate"):
            virtual["rate"][name[:6]] = int(value)
        elif name in ("spoofchk", "trust"):
            virtual[name] = value == "on"
        else:
            virtual[{"mac": "address", "state": "link_state"}[name]] = value

    def _devlink(self, arguments: list[str]) -> str:
        address = arguments[-1].partition("/")[2] if "show" in arguments else arguments[3].partition("/")[2]
        card = self.host.function(address)
        if not self._has_interface(card):
            raise error(19)
        if "set" in arguments:
            if card.sriov and card.sriov.vfs:
                raise error(16)
            self.eswitch[address] = arguments[-1]
        mode = self.eswitch.get(address, "legacy")
        return json.dumps({"dev": {f"pci/{address}": {"mode": mode, "inline-mode": "none", "encap-mode": "basic"}}})

    def _modprobe(self, arguments: list[str]) -> str:
        if self.host.late is not None:
            self.host.late.arrive(arguments[-1])
        return ""

    def _has_interface(self, card: PciFunction) -> bool:
        return any(getattr(netdev, "device", None) is card for netdev in self.host.netdevs.values())

    def _sriov_manage(self, arguments: list[str]) -> str:
        """The steps of ``data/sriov-manage.sh``."""
        address = arguments[1]
        pci = "sys/bus/pci"
        device = f"{pci}/devices/{address}"
        lock = f"proc/driver/nvidia/gpus/{address}/unbindLock"
        card = self.host.function(address)
        assert card.sriov is not None
        number = card.sriov.spec.total if arguments[0] == "-e" else 0
        if bool(card.sriov.vfs) == bool(number):
            return f"VFs already enabled on {address}\n" if number else ""
        self.files.write(lock, b"1")
        if self.files.read(lock).strip() != b"1":
            raise OSError(1, f"Cannot obtain unbindLock for {address}")
        self.files.write(f"{pci}/drivers/nvidia/unbind", address.encode())
        self.files.write(f"{device}/driver_override", b"pci-pf-stub")
        self.files.write(f"{pci}/drivers/pci-pf-stub/bind", address.encode())
        self.files.write(f"{device}/sriov_numvfs", str(number).encode())
        self.files.write(f"{pci}/drivers/pci-pf-stub/unbind", address.encode())
        self.files.write(f"{device}/driver_override", b"\n")
        self.files.write(f"{pci}/drivers/nvidia/bind", address.encode())
        for vf in card.sriov.vfs:
            if vf.driver is None:
                self.files.write(f"{pci}/drivers/nvidia/bind", vf.name.encode())
        return ""
