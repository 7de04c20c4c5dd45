# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Functions whose network interface the host itself uses."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Union

from .._host.root import HostRoot
from .._model.uses import ALLOW_HOST_NETWORK, DRIVER, GONE, PORT, Use
from .base import Scene

NAME = "network"
ADVICE = "choose another card; allow_host_network, in the role sriov_allow_host_network, lifts this"

INTERFACES = "sys/class/net"
# The first process is in the host's own network namespace, whoever reads.
ROUTES = ("proc/1/net/route", "proc/net/route")
ROUTES6 = ("proc/1/net/ipv6_route", "proc/net/ipv6_route")
# include/uapi/linux/route.h
UP, REJECT = 0x1, 0x200
CONNECTION = "SSH_CONNECTION"
# More ancestors than any module has.
MOST_ANCESTORS = 64

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class Route(NamedTuple):
    """One route; ``default`` if it leads everywhere."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    interface: str

    @property
    def default(self) -> bool:
        return self.network.prefixlen == 0


def observe(host: HostRoot, scene: Scene) -> Iterator[Use]:
    """One use for each interface that the host uses."""
    interfaces: dict[str, list[str]] | None = None
    for address in sorted(scene.asked or scene.functions):
        function = scene.functions.get(address)
        if function is None or "net" not in function.entries:
            continue
        if interfaces is None:
            interfaces = in_use(host, list(scene.connection))
        for interface in host.names(f"{function.path}/net"):
            sentences = interfaces.get(interface)
            if sentences:
                clause = f"has the host's interface {interface}, which {' and '.join(sentences)}"
                ended_by = frozenset((DRIVER, GONE, PORT))
                yield Use(address, NAME, ended_by, ADVICE, clause=clause, lifted_by=ALLOW_HOST_NETWORK)


def in_use(host: HostRoot, connection: list[str]) -> dict[str, list[str]]:
    """By interface, for those that the host uses, what it uses each for: ``carries the default route``.

    ``connection`` are the addresses of both ends of the connection over which this run came.
    """
    names = host.names(INTERFACES)
    own = {name: _own_uses(host, name) for name in names}
    for route in routes(host):
        if route.default and route.interface in own:
            _add(own[route.interface], "carries the default route")
    for address, interface in _ways(host, connection).items():
        if interface in own:
            _add(own[interface], f"carries the connection of this run ({address})")
    above = {name: _above(host, name) for name in names}
    uses = {name: _inherited(name, own, above, set()) for name in names}
    return {name: sentences for name, sentences in uses.items() if sentences}


def connection_of(host: HostRoot, environment: Mapping[str, str], process: int) -> list[str]:
    """Both ends of the SSH connection that a process came from.

    Becoming another user drops the variable, so that the ancestors of the process are asked as well.
    """
    value = environment.get(CONNECTION)
    asked: set[int] = set()
    while not value and process > 1 and process not in asked and len(asked) < MOST_ANCESTORS:
        asked.add(process)
        path = f"proc/{process}/environ"
        # Reading it waits for the process's memory, which a process in trouble may keep locked.
        variables = (host.read_locked([path], optional=True)[path] or "").split("\0")
        value = next((text.partition("=")[2] for text in variables if text.startswith(f"{CONNECTION}=")), None)
        process = _parent(host, process)
    words = (value or "").split()
    return [words[0], words[2]] if len(words) == 4 else []


def routes(host: HostRoot) -> list[Route]:
    """Every route that is up and leads somewhere."""
    found = []
    for parse, lines in ((_ipv4_route, _lines(host, ROUTES)[1:]), (_ipv6_route, _lines(host, ROUTES6))):
        for line in lines:
            try:
                route, flags = parse(line.split())
            except (ValueError, IndexError):
                host.warn(f"the kernel's table of routes has a line {line[:80]!r}, which is no route")
                continue
            if flags & (UP | REJECT) == UP and route.interface != "lo":
                found.append(route)
    return found


def _ipv4_route(words: list[str]) -> tuple[Route, int]:
    # Interface, destination, gateway, flags, three counters, mask (net/ipv4/fib_trie.c, fib_route_seq_show).
    address, mask = (int.from_bytes(bytes.fromhex(word), sys.byteorder) for word in (words[1], words[7]))
    return Route(ipaddress.IPv4Network((address, bin(mask).count("1")), strict=False), words[0]), int(words[3], 16)


def _ipv6_route(words: list[str]) -> tuple[Route, int]:
    # Destination, its length, six more, flags, interface (net/ipv6/route.c, rt6_info_route).
    network = ipaddress.IPv6Network((int(words[0], 16), int(words[1], 16)), strict=False)
    return Route(network, words[9]), int(words[8], 16)


def _lines(host: HostRoot, paths: tuple[str, ...]) -> list[str]:
    path = next((path for path in paths if host.exists(path)), None)
    return (host.read(path) or "").splitlines() if path else []


def _ways(host: HostRoot, connection: list[str]) -> dict[str, str]:
    """By address the interface that the longest matching route leads through."""
    found = {}
    table = routes(host) if connection else []
    for text in connection:
        address = _address(text)
        matching = [route for route in table if address is not None and address in route.network]
        if matching:
            found[text] = max(matching, key=lambda route: route.network.prefixlen).interface
    return found


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _parent(host: HostRoot, process: int) -> int:
    for line in (host.read(f"proc/{process}/status", optional=True) or "").splitlines():
        name, dummy, value = line.partition(":")
        if name == "PPid" and value.strip().isdecimal():
            return int(value)
    return 0


def _own_uses(host: HostRoot, name: str) -> list[str]:
    master = host.link_name(f"{INTERFACES}/{name}/master")
    return [f"is a port of {_kind(host, master)} {master}"] if master else []


def _kind(host: HostRoot, master: str) -> str:
    for directory, kind in (("bonding", "the bond"), ("bridge", "the bridge")):
        if host.exists(f"{INTERFACES}/{master}/{directory}"):
            return kind
    return "the team or switch"


def _above(host: HostRoot, name: str) -> list[str]:
    """VLANs and the like on top of an interface; also the bond or bridge that it is a port of."""
    return [entry[6:] for entry in host.names(f"{INTERFACES}/{name}") if entry.startswith("upper_")]


def _inherited(name: str, own: dict[str, list[str]], above: dict[str, list[str]], below: set[str]) -> list[str]:
    sentences = list(own[name])
    for upper in above[name]:
        if upper in below or upper not in own:
            continue
        inherited = _inherited(upper, own, above, below | {name})
        sentences += [f"is below {upper}, which {sentence}" for sentence in inherited]
        if not inherited and not any(sentence.endswith(f" {upper}") for sentence in sentences):
            sentences.append(f"is below {upper}")
    return sentences


def _add(sentences: list[str], sentence: str) -> None:
    if sentence not in sentences:
        sentences.append(sentence)
