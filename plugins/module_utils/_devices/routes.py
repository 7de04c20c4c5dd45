# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read routes and addresses of network interfaces from the kernel's tables in proc and, if it works, from ``ip``.

The program lists all tables, next hops and addresses, but only of its own network namespace. The tables in proc have
only the main table and the first next hop of each route (net/ipv4/fib_trie.c, fib_route_seq_show). Those of process 1
always belong to the host.
"""

from __future__ import annotations

import ipaddress
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, Union

from .._core import json_text
from .._host.root import HostError, HostRoot, first_lines

PROGRAM = "ip"
# Process 1 is in the network namespace of the host, even if this process is not.
ROUTES = ("proc/1/net/route", "proc/net/route")
ROUTES6 = ("proc/1/net/ipv6_route", "proc/net/ipv6_route")
ADDRESSES6 = ("proc/1/net/if_inet6", "proc/net/if_inet6")
# Flags of include/uapi/linux/route.h.
UP, REJECT = 0x1, 0x200
# Route types that the kernel creates for itself. They do not count as uses of an interface.
OWN_TYPES = ("local", "broadcast", "multicast", "anycast")

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Interface = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]


class Route(NamedTuple):
    """A route; ``default`` is true if it matches all destinations."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    interface: str

    @property
    def default(self) -> bool:
        return self.network.prefixlen == 0

    @property
    def is_automatic(self) -> bool:
        """Return whether the kernel adds this route to every interface that is up (net/ipv6/addrconf.c)."""
        return self.network.version == 6 and (self.network.is_link_local or self.network.is_multicast)


class Links(NamedTuple):
    """Routes, addresses and XDP programs of the host."""

    routes: list[Route]
    addresses: dict[str, list[str]]  # by interface, with prefix length; without link-local IPv6 addresses
    xdp: set[str]  # interfaces with an XDP program
    unknown: str | None = None  # why more routes and addresses may exist


def observe_links(host: HostRoot) -> Links:
    of_kernel, addresses = read_routes(host), _addresses(host)
    try:
        of_program = _of_program(host)
    except (HostError, ValueError, KeyError, TypeError, AttributeError) as error:
        # ip is missing, is the one of busybox, or does not support JSON (iproute2 before 4.14), but it should answer.
        reason = str(error) if isinstance(error, HostError) and error.pending else None
        if not isinstance(error, (HostError, json.JSONDecodeError)):
            reason = f"{PROGRAM} prints an entry that is not understood ({type(error).__name__}: {error})"
        return Links(of_kernel, addresses, set(), f"routes and addresses are unknown: {reason}" if reason else None)
    return Links(
        list(dict.fromkeys([*of_kernel, *of_program.routes])), {**addresses, **of_program.addresses}, of_program.xdp
    )


def _of_program(host: HostRoot) -> Links:
    found: list[Route] = []
    objects: dict[int, list[Any]] | None = None
    for family, everywhere in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        for route in json_text.load(host.run(PROGRAM, [family, "-json", "route", "show", "table", "all"]) or "[]"):
            if route.get("type", "unicast") not in OWN_TYPES:
                if "nhid" in route and not {"dev", "nexthops"} & set(route):
                    # With net.ipv4.nexthop_compat_mode off, the kernel reports routes without their next hops.
                    objects = _next_hops(host) if objects is None else objects
                    route["nexthops"] = objects.get(route["nhid"], [])
                destination = route["dst"] if route["dst"] != "default" else everywhere
                network = ipaddress.ip_network(destination, strict=False)
                found += [Route(network, interface) for interface in _interfaces(route) if interface != "lo"]
    addresses: dict[str, list[str]] = {}
    xdp = set()
    for link in json_text.load(host.run(PROGRAM, ["-json", "address", "show"]) or "[]"):
        texts = [f"{one['local']}/{one['prefixlen']}" for one in link.get("addr_info", []) if "local" in one]
        addresses[link["ifname"]] = [text for text in texts if _is_global(ipaddress.ip_interface(text))]
        if link.get("xdp"):
            xdp.add(link["ifname"])
    return Links(found, {name: texts for name, texts in addresses.items() if texts and name != "lo"}, xdp)


def _next_hops(host: HostRoot) -> dict[int, list[Any]]:
    """Return the next hops of each next hop object by its number, including all members of groups (ip-nexthop(8))."""
    objects = {one["id"]: one for one in json_text.load(host.run(PROGRAM, ["-json", "nexthop", "show"]) or "[]")}
    return {
        number: [objects[member["id"]] for member in one.get("group", [one]) if member["id"] in objects]
        for number, one in objects.items()
    }


def _interfaces(route: Any) -> Iterator[str]:
    """Yield the interface of each next hop of a route."""
    for hop in [route, *route.get("nexthops", [])]:
        if "dev" in hop and "linkdown" not in hop.get("flags", []):
            yield hop["dev"]


def _is_global(interface: Interface) -> bool:
    # Each interface that is up assigns itself a link-local IPv6 address.
    return not (interface.version == 6 and interface.ip.is_link_local)


def _addresses(host: HostRoot) -> dict[str, list[str]]:
    """Return the IPv6 addresses of each interface without link-local ones. IPv4 addresses are known from routes."""
    found: dict[str, list[str]] = {}
    for line in first_lines(host, ADDRESSES6):
        # Address, index, prefix length, scope, flags, interface (net/ipv6/addrconf.c, if6_seq_show).
        words = line.split()
        try:
            interface = ipaddress.IPv6Interface((int(words[0], 16), int(words[2], 16)))
            if _is_global(interface) and words[5] != "lo":
                found.setdefault(words[5], []).append(str(interface))
        except (ValueError, IndexError):
            host.warn(f"the kernel's table of addresses has a line {line[:80]!r}, which is not an address")
    return found


def read_routes(host: HostRoot) -> list[Route]:
    """Return the active routes of the main tables in proc, without reject routes."""
    found = []
    for parse, lines in ((_ipv4_route, first_lines(host, ROUTES)[1:]), (_ipv6_route, first_lines(host, ROUTES6))):
        for line in lines:
            try:
                route, flags = parse(line.split())
            except (ValueError, IndexError):
                host.warn(f"the kernel's routing table has a line {line[:80]!r}, which is not a route")
                continue
            if flags & (UP | REJECT) == UP and route.interface != "lo":
                found.append(route)
    return found


def _ipv4_route(words: list[str]) -> tuple[Route, int]:
    # Interface, destination, gateway, flags, three counters, mask (net/ipv4/fib_trie.c, fib_route_seq_show).
    address, mask = (int.from_bytes(bytes.fromhex(word), sys.byteorder) for word in (words[1], words[7]))
    return Route(ipaddress.IPv4Network((address, bin(mask).count("1")), strict=False), words[0]), int(words[3], 16)


def _ipv6_route(words: list[str]) -> tuple[Route, int]:
    # Destination, prefix length, six more fields, flags, interface (net/ipv6/route.c, rt6_info_route).
    network = ipaddress.IPv6Network((int(words[0], 16), int(words[1], 16)), strict=False)
    return Route(network, words[9]), int(words[8], 16)
