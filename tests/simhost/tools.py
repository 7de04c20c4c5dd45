# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of a simulated host for the in-process front: ``ip``, ``devlink``, ``modprobe``, ``sriov-manage``."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .accessor import Accessor
from .class_devices import mac_address
from .host import SimHost
from .kstrto import error
from .pci import PciFunction

SRIOV_MANAGE = "usr/lib/nvidia/sriov-manage"
NVIDIA_SMI = "nvidia-smi"
# Maps drivers to unsupported settings: the errno, and the value that is accepted nevertheless.
REFUSED = {"igb": {"state": (errno.EOPNOTSUPP, None), "min_tx_rate": (errno.EINVAL, "0")}}
NEW_VF: dict[str, Any] = {
    "link_type": "ether",
    "address": "00:00:00:00:00:00",
    "broadcast": "ff:ff:ff:ff:ff:ff",
    "vlan_list": [{}],
    "rate": {"max_tx": 0, "min_tx": 0},
    "spoofchk": True,
    "link_state": "auto",
    "trust": False,
}


class Output(NamedTuple):
    """The result of a program."""

    status: int
    text: str
    errors: str


class Ended:
    """A program that ended immediately, or with ``None`` one that never ends."""

    def __init__(self, output: Output | None) -> None:
        self.output = output
        self.killed = False

    def poll(self) -> Output | None:
        """Return the result."""
        return self.output

    def kill(self) -> None:
        """End it."""
        self.killed = True


class Tools:
    """The programs. ``missing`` ones are not installed, ``hanging`` ones never end, ``ignored`` settings have no
    effect.

    ``calls`` contains all command lines. ``failures`` maps their first words to error output, and ``answers`` to the
    output of programs that the simulator does not have.
    """

    def __init__(self, host: SimHost, files: Accessor | None = None) -> None:
        self.host = host
        self.files = files or Accessor(host)
        self.calls: list[str] = []
        self.missing: set[str] = set()
        self.hanging: set[str] = set()
        self.ignored: set[str] = set()
        self.failures: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.eswitch: dict[str, str] = {}
        self.settings: dict[int, dict[str, Any]] = {}
        self.keep: list[PciFunction] = []
        self.addressed_late: dict[int, object] = {}

    def find(self, name: str) -> str | None:
        """Return the path of a program."""
        programs = {SRIOV_MANAGE: SRIOV_MANAGE, NVIDIA_SMI: f"usr/bin/{NVIDIA_SMI}"}
        if name in self.missing or (name in programs and not self.files.exists(programs[name])):
            return None
        return name

    def start(self, path: str, arguments: Sequence[str], lock: int | None = None) -> Ended:
        """Run a program."""
        command = " ".join([path, *arguments])
        self.calls.append(command)
        if path in self.hanging:
            return Ended(None)
        for beginning, text in self.failures.items():
            if command.startswith(beginning):
                return Ended(Output(1, "", text))
        for beginning, text in self.answers.items():
            if command.startswith(beginning):
                return Ended(Output(0, text, ""))
        programs: dict[str, Callable[[list[str]], str]] = {
            "ip": self._ip,
            "devlink": self._devlink,
            SRIOV_MANAGE: self._sriov_manage,
            "modprobe": self._modprobe,
        }
        if path == NVIDIA_SMI:
            status, text = self.host.nvidia_smi.run(list(arguments))
            return Ended(Output(status, text, ""))
        try:
            return Ended(Output(0, programs[path](list(arguments)), ""))
        except OSError as problem:
            if path == SRIOV_MANAGE:
                return Ended(Output(2, "", f"{problem.strerror}"))
            speaker, status = ("RTNETLINK", 2) if path == "ip" else ("kernel", 1)
            return Ended(Output(status, "", f"{speaker} answers: {problem.strerror}"))

    def _card(self, interface: str) -> PciFunction:
        netdev = self.host.netdevs.get(interface)
        device = getattr(netdev, "device", None)
        if not isinstance(device, PciFunction):
            raise error(errno.ENODEV)
        return device

    def _vfs(self, card: PciFunction) -> list[dict[str, Any]]:
        # Settings exist as long as the VF.
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
        card = self._card(arguments[3])
        vfs = self._vfs(card)
        index = int(arguments[5])
        if index >= len(vfs):
            raise error(errno.EINVAL)
        for name, value in zip(arguments[6::2], arguments[7::2]):
            number, harmless = REFUSED.get(card.driver.name if card.driver else "", {}).get(name, (0, None))
            if number and value != harmless:
                raise error(number)
            if name not in self.ignored:
                self._set(vfs[index], name, value)
            if name == "mac" and card.sriov:
                self.addressed_late[id(vfs[index])] = self._interface(card.sriov.vfs[index])
        return ""

    def run_udev(self) -> None:
        """Let udev assign a permanent address to each new interface of a VF, some time after its driver was bound.

        A VF whose address was set before its driver was bound keeps it. Others get the new address, which the card
        permits if the VF is trusted or its address was not set.
        """
        for vf in self.keep:
            settings, interface = self.settings[id(vf)], self._interface(vf)
            told = self.addressed_late.get(id(settings), interface) is not interface
            if interface is not None and not told and (settings["trust"] or id(settings) not in self.addressed_late):
                settings["address"] = mac_address(vf.name)

    def _interface(self, function: PciFunction) -> object:
        return next((one for one in self.host.netdevs.values() if getattr(one, "device", None) is function), None)

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
        if self._interface(card) is None:
            raise error(errno.ENODEV)
        if "set" in arguments:
            if card.sriov and card.sriov.vfs:
                raise error(errno.EBUSY)
            self.eswitch[address] = arguments[-1]
        mode = self.eswitch.get(address, "legacy")
        return json.dumps({"dev": {f"pci/{address}": {"mode": mode, "inline-mode": "none", "encap-mode": "basic"}}})

    def _modprobe(self, arguments: list[str]) -> str:
        if self.host.late is not None:
            self.host.late.arrive(arguments[-1])
        return ""

    def _sriov_manage(self, arguments: list[str]) -> str:
        """Run the steps of ``data/sriov-manage.sh``."""
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
