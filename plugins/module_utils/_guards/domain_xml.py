# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Parse libvirt XML: the host devices of a domain, and the devices that a network gives to its guests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple, Optional
from xml.etree import ElementTree

from .referenced_devices import DEVICE, FILE, INTERFACE, POOL, SCSI_HOST, USB_DEVICE, Reference, in_command_line

# Modes of a network in which its guests use an interface directly. In other modes, "dev" only selects the way out.
DIRECT_MODES = ("bridge", "private", "vepa", "passthrough")
# Prefix of the name of a SCSI host in libvirt.
ADAPTER = "scsi_"
QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"


class Domain(NamedTuple):
    """A domain as described by one file."""

    name: str
    references: tuple[Reference, ...]
    networks: tuple[str, ...]  # the networks of its interfaces
    pools: tuple[str, ...]  # the storage pools of its disks
    active: bool = False  # whether it comes from a status file, which exists while the domain runs
    process: Optional[int] = None  # its process id, from a status file


def parse(xml: str) -> Optional[Domain]:
    """Parse a definition or status file. Return None for other XML; raise ``ValueError`` for text that is not XML."""
    top = _top(xml)
    domain = top.find("domain") if top.tag == "domstatus" else top
    if domain is None or domain.tag != "domain":
        return None
    active = domain is not top
    process = top.get("pid", "") if active else ""
    return Domain(
        name=(domain.findtext("name") or "").strip(),
        references=tuple(dict.fromkeys(_references(domain))),
        networks=tuple(
            source.get("network", "")
            for interface in domain.iterfind("./devices/interface[@type='network']")
            # For a running domain, libvirt writes the device that it got from the network.
            for source in (interface.iterfind("./source") if interface.find("actual") is None else ())
        ),
        pools=tuple(source.get("pool", "") for source in domain.iterfind("./devices/disk[@type='volume']/source")),
        active=active,
        process=int(process) if process.isdecimal() else None,
    )


def network(xml: str) -> Iterator[Reference]:
    """Yield the host devices that a network gives to its guests (libvirt network format, "forward")."""
    forward = _top(xml).find("./forward")
    if forward is not None and forward.get("dev") and forward.get("mode") in DIRECT_MODES:
        yield Reference(INTERFACE, forward.get("dev", ""))
    for part in forward if forward is not None else ():
        if part.tag == "address":
            yield from _address(part)
        elif part.tag == "pf" and part.get("dev"):
            yield Reference(POOL, part.get("dev", ""))
        elif part.tag == "interface" and part.get("dev"):
            yield Reference(INTERFACE, part.get("dev", ""))


def pool(xml: str) -> Iterator[Reference]:
    """Yield the disks and SCSI hosts of a storage pool (libvirt storage pool format, "source")."""
    source = _top(xml).find("./source")
    for part in source if source is not None else ():
        if part.tag == "device" and part.get("path", "").startswith("/dev/"):
            yield Reference(FILE, part.get("path", ""))
        elif part.tag == "adapter":
            yield from _adapter(part.get("name") or part.get("parent") or "")


def _top(xml: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None


def _adapter(name: str) -> Iterator[Reference]:
    if name.startswith(ADAPTER):
        yield Reference(SCSI_HOST, name[len(ADAPTER) :])


def _references(domain: ElementTree.Element) -> Iterator[Reference]:
    for source in domain.iterfind("./devices//source"):
        for address in source.iterfind("./address"):
            yield from _address(address)
    for interface in domain.iterfind("./devices/interface[@type='direct']/source"):
        yield Reference(INTERFACE, interface.get("dev", ""))
    for name in domain.iterfind("./devices/hostdev[@type='net']/source/interface"):
        # The interface of an LXC domain.
        yield Reference(INTERFACE, (name.text or "").strip())
    for source in domain.iterfind("./devices/hostdev[@type='scsi']/source/adapter"):
        yield from _adapter(source.get("name", ""))
    for source in domain.iterfind("./devices/hostdev[@type='usb']/source"):
        yield from _usb(source)
    devices = domain.find("devices")
    for element in devices.iter() if devices is not None else ():
        # <source dev='/dev/vhost-vdpa-0'/>, <gl rendernode='/dev/dri/renderD128'/>, <char>/dev/...</char>
        for text in (*element.attrib.values(), (element.text or "").strip()):
            if text.startswith("/dev/"):
                yield Reference(FILE, text)
    for argument in domain.iterfind(f"./{QEMU}commandline/{QEMU}arg"):
        yield from in_command_line(argument.get("value", ""))


def _address(address: ElementTree.Element) -> Iterator[Reference]:
    if address.get("uuid"):
        yield Reference(DEVICE, address.get("uuid", "").lower())
    elif address.get("bus") and address.get("slot"):
        # If libvirt has accepted an address that is not numeric, ignore that address, but not the other devices.
        with contextlib.suppress(ValueError):
            parts = [_number(address.get(part, "0")) for part in ("domain", "bus", "slot", "function")]
            yield Reference(DEVICE, "{:04x}:{:02x}:{:02x}.{:x}".format(*parts))


def _usb(source: ElementTree.Element) -> Iterator[Reference]:
    ids = [part.get("id", "") for name in ("vendor", "product") for part in source.iterfind(name)]
    with contextlib.suppress(ValueError):
        if len(ids) == 2:
            yield Reference(USB_DEVICE, ":".join(f"{_number(one):04x}" for one in ids))
        for address in source.iterfind("./address") if len(ids) != 2 else ():
            yield Reference(USB_DEVICE, ".".join(str(_number(address.get(key, ""))) for key in ("bus", "device")))


def _number(text: str) -> int:
    """Parse a number like strtol(3) with base 0, as libvirt does: 0x10, 020 and 16 are equal."""
    octal = text.startswith("0") and text.isdecimal()
    return int(text, 8 if octal else 0)
