# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Replace whatever identifies a host; equal identifiers have equal replacements within a recording.

Identifiers are numbered in order of appearance. IP addresses keep their common prefixes, so that routes still match.
Their replacement depends on a key that is not in the recording.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Union

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# UUIDs, including those of GPUs after GPU- or MIG-.
UUID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z-])")
# UUIDs without dashes, such as the machine id, and checksums; bit masks begin with 0x and do not match.
LONG_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32,}(?![0-9A-Za-z])")
# Hardware addresses of Ethernet, and of InfiniBand with 20 bytes.
HARDWARE = re.compile(r"(?<![0-9A-Za-z:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,19}(?![0-9A-Za-z:])")
# Names of interfaces that contain the hardware address (systemd.net-naming-scheme(7)).
IN_INTERFACE = re.compile(r"(?<=\benx)[0-9a-f]{12}(?![0-9a-z])")
# InfiniBand GUIDs, and serial numbers of PCI functions.
GUID = re.compile(r"(?<![0-9A-Za-z:])[0-9a-f]{4}(?::[0-9a-f]{4}){3}(?![0-9A-Za-z:.])")
PCI_SERIAL = re.compile(r"(?<![0-9A-Za-z-])[0-9a-f]{2}(?:-[0-9a-f]{2}){7}(?![0-9A-Za-z-])")
IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,39}(?![\w:])(?!\.[0-9a-f])")
# UUIDs that Proxmox VE derives from the numbers of guest and device.
OF_NUMBERS = re.compile(r"0{7}[0-9]-0000-0000-0000-[0-9]{12}\Z")
UNSPECIFIC = re.compile(r"[0:-]*\Z|[fF:]*\Z")
# Networks whose prefix does not identify an owner, so it is kept. The prefixes of other networks are replaced.
PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
)
LINK_LOCAL = ipaddress.ip_network("fe80::/64")
# Replacements for the prefixes of public addresses: a benchmark network (RFC 2544) and a documentation network (RFC
# 3849).
PUBLIC = {4: (0xC6, 8), 6: (0x20010DB8, 32)}
BITS = {4: 32, 6: 128}
# In characters: shorter names cannot be searched reliably.
LEAST_NAME = 3


class Anonymizer:
    """The replacements of one recording. ``secret`` is a value of the host that the recording does not contain."""

    def __init__(self, secret: str, host_names: tuple[str, ...] = ()) -> None:
        self._key = hashlib.sha256(f"vfio.devices recording {secret}".encode()).digest()
        self._known: dict[tuple[str, str], int] = {}
        self._counts: dict[str, int] = {}
        words = [re.escape(name) for name in sorted(host_names, key=len, reverse=True) if len(name) >= LEAST_NAME]
        self._host = re.compile(rf"(?<![0-9A-Za-z_])(?:{'|'.join(words)})(?![0-9A-Za-z_])", re.I) if words else None

    def text(self, text: str) -> str:
        text = UUID.sub(lambda found: self._uuid(found[0]), text)
        text = HARDWARE.sub(lambda found: self._hardware(found[0]), text)
        text = IN_INTERFACE.sub(lambda found: self._in_interface(found[0]), text)
        text = LONG_HEX.sub(lambda found: self._long(found[0]), text)
        text = GUID.sub(lambda found: self._grouped(found[0], 4, ":"), text)
        text = PCI_SERIAL.sub(lambda found: self._grouped(found[0], 2, "-"), text)
        text = IPV4.sub(lambda found: self.address(found[0]), text)
        return IPV6.sub(lambda found: self.address(found[0]), text)

    def host(self, text: str) -> str:
        return self._host.sub("host", text) if self._host else text

    def name(self, kind: str, name: str) -> str:
        """Return ``guest-1`` for the first name of the kind ``guest``."""
        return f"{kind}-{self._number(kind, name)}" if name else name

    def node(self, name: str) -> str:
        """Return the replacement for the name of this or another host."""
        return "host" if self._host and self._host.fullmatch(name) else self.name("node", name)

    def serial(self, serial: str) -> str:
        """Return the replacement for a serial number in any format."""
        if PCI_SERIAL.match(serial) or UNSPECIFIC.match(serial):
            return self.text(serial)
        return f"SERIAL{self._number('serial', serial):04d}"

    def address(self, text: str) -> str:
        """Return the replacement for an IP address in the same notation; other texts stay unchanged."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        return str(self.network(address, BITS[address.version]))

    def network(self, address: Address, length: int) -> Address:
        """Return the address with its first ``length`` bits replaced and all other bits cleared."""
        if address.is_loopback or address.is_multicast or address.is_unspecified or int(address) >> 24 == 0xFF:
            return address
        size = BITS[address.version]
        bits = f"{int(address):0{size}b}"
        if address in LINK_LOCAL:
            kept, head, seed = 64, bits[:64], ""
        elif any(address in network for network in PRIVATE):
            kept = next(network.prefixlen for network in PRIVATE if address in network)
            head, seed = bits[:kept], ""
        else:
            number, kept = PUBLIC[address.version]
            head, seed = f"{number:0{kept}b}", bits[:kept]
        if length <= kept:
            return address
        for place in range(kept, size):
            digest = hashlib.sha256(self._key + f"{seed} {bits[:place]}".encode()).digest()
            head += str(int(bits[place]) ^ digest[0] & 1)
        number = int(head[:length].ljust(size, "0"), 2)
        return ipaddress.IPv4Address(number) if size == BITS[4] else ipaddress.IPv6Address(number)

    def _number(self, kind: str, name: str) -> int:
        """Return the number of an identifier among those of its kind."""
        if (kind, name) not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[kind, name] = self._counts[kind]
        return self._known[kind, name]

    def _uuid(self, text: str) -> str:
        if UNSPECIFIC.match(text) or OF_NUMBERS.match(text):
            return text
        return f"00000000-0000-4000-8000-{self._number('uuid', text.lower().replace('-', '')):012x}"

    def _long(self, text: str) -> str:
        return text if UNSPECIFIC.match(text) else f"{self._number('uuid', text):x}".zfill(len(text))

    def _hardware(self, text: str) -> str:
        if UNSPECIFIC.match(text):
            return text
        digits = f"{self._number('hardware', text.lower()):0{len(text.split(':')) * 2}x}"
        pairs = [digits[place : place + 2] for place in range(0, len(digits), 2)]
        # The result is a locally administered address if it is an Ethernet address.
        return ":".join(["02", *pairs[1:]])

    def _in_interface(self, text: str) -> str:
        address = ":".join(text[place : place + 2] for place in range(0, 12, 2))
        return self._hardware(address).replace(":", "")

    def _grouped(self, text: str, size: int, separator: str) -> str:
        if UNSPECIFIC.match(text):
            return text
        digits = f"{self._number('number', text):016x}"
        return separator.join(digits[place : place + size] for place in range(0, 16, size))
