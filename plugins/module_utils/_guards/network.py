# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find functions whose network interface the host uses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Union

from .._core.grammar import FUNCTION_IN_PATH
from .._core.patterns import lazy_pattern
from .._core.text import decimal
from .._core.wording import describe_users
from .._devices.routes import Links, Route, observe_links
from .._host.root import HostRoot, first_lines
from .._model.uses import ALLOW_HOST_NETWORK, DRIVER, GONE, PORT, SETTINGS, Unseen, Use
from . import upper_interfaces
from .base import Scene, user
from .nvme_fabrics import connections
from .processes import RAW_SOCKETS

NAME = "network"
ADVICE = (
    "select another card. sriov_allow_host_network: true changes the card anyway, and the host can lose its network "
    "connection"
)

INTERFACES = "sys/class/net"
# Process 1 has the mounts of the host, even if this process does not.
MOUNTS = ("proc/1/mounts", "proc/mounts")
# The server address in mount options of NFS and CIFS, or the monitors of Ceph.
MOUNT_SERVERS = lazy_pattern(r"(?:^|,)(?:mon_)?addr=([^,]+)")
# Connections of providers; their interfaces are not upper interfaces (drivers/net/ppp/pppoe.c, pppoe_seq_show).
PPPOE = ("proc/1/net/pppoe", "proc/net/pppoe")
# Functions that receive all packets of one interface, or those of a protocol (net/core/net-procfs.c, ptype_seq_show).
HANDLERS = ("proc/1/net/ptype", "proc/net/ptype")
# Those of raw sockets, whose processes are known (net/packet/af_packet.c).
OF_SOCKETS = ("packet_rcv", "packet_rcv_spkt", "packet_rcv_fanout", "tpacket_rcv")
# Daemons that have a raw socket on every interface, and lose nothing with one of them.
ON_EVERY_INTERFACE = (
    *("lldpd", "lldpad", "ladvd", "systemd-network", "NetworkManager", "connmand", "wpa_supplicant"),
    *("dhclient", "dhcpcd", "udhcpc", "wickedd", "wickedd-auto4", "wickedd-dhcp4", "wickedd-dhcp6"),
    # MetalLB announces addresses on all interfaces.
    "speaker",
)
# An address with an optional port.
SERVER = lazy_pattern(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::\d+)?\Z")
# Sources of servers of block storage: iSCSI (drivers/scsi/scsi_transport_iscsi.c) and Ceph.
ISCSI_CONNECTIONS = "sys/class/iscsi_connection"
ISCSI_HOSTS = "sys/class/iscsi_host"
RBD = "sys/bus/rbd/devices"
CONNECTION = "SSH_CONNECTION"
# More ancestors than a module process can have.
MOST_ANCESTORS = 64

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for each interface that the host uses."""
    interfaces: dict[str, list[str]] | None = None
    own = _of_functions(host)
    for address in sorted(scene.asked or scene.functions):
        function = scene.functions.get(address)
        if function is None or address not in own:
            continue
        if interfaces is None:
            links = observe_links(host)
            interfaces = in_use(host, list(scene.connection), links)
            yield from [Unseen(NAME, links.unknown)] if links.unknown else ()
            _add_raw_sockets(host, scene, interfaces)
            yield from (Unseen(NAME, reason) for reason in map(host.unread, RAW_SOCKETS) if reason)
        # Ports of one bond have the same uses.
        alike: dict[str, list[str]] = {}
        for interface in own[address]:
            if interface in interfaces:
                alike.setdefault(" and ".join(interfaces[interface]), []).append(interface)
        for sentence, (first, *others) in alike.items():
            also = f" (and {', '.join(others)})" if others else ""
            clause = f"has the host's interface {first}{also}, which {sentence}"
            ended_by = frozenset((DRIVER, GONE, PORT, SETTINGS))
            yield Use(address, NAME, ended_by, ADVICE, clause=clause, lifted_by=ALLOW_HOST_NETWORK)


def _add_raw_sockets(host: HostRoot, scene: Scene, uses: dict[str, list[str]]) -> None:
    """Add programs that receive all packets of an interface, which needs no address for that."""
    sockets = scene.processes.of_raw_sockets()
    for name in host.names(INTERFACES) if sockets else ():
        found = [
            scene.processes.holder(one)
            for one in sockets.get(host.read(f"{INTERFACES}/{name}/ifindex", optional=True) or "", ())
        ]
        users = [user(one) for one in dict.fromkeys(found) if one.command not in ON_EVERY_INTERFACE]
        if users:
            uses.setdefault(name, []).append(f"has a raw socket of {describe_users(users)}")


def _of_functions(host: HostRoot) -> dict[str, list[str]]:
    """Map each function to its interfaces. Some drivers create representors without a device, so match by switch."""
    found: dict[str, list[str]] = {}
    virtual = []
    for name, path in host.links(INTERFACES):
        functions = FUNCTION_IN_PATH.findall(path)
        if functions:
            found.setdefault(functions[-1], []).append(name)
        else:
            virtual.append(name)
    switches = {name: switch for name in virtual for switch in [_switch(host, name)] if switch}
    for address, names in found.items() if switches else ():
        of_card = {_switch(host, name) for name in names}
        found[address] = names + [name for name, switch in switches.items() if switch in of_card]
    return found


def _switch(host: HostRoot, name: str) -> str | None:
    """Return the switch id of an interface; most interfaces have none (net/core/net-sysfs.c, EOPNOTSUPP)."""
    return host.read(f"{INTERFACES}/{name}/phys_switch_id", optional=True)


def in_use(host: HostRoot, connection: list[str], links: Links | None = None) -> dict[str, list[str]]:
    """Map each used interface to its uses, such as ``carries the default route``.

    ``connection`` has the addresses of both ends of the connection of this run.
    """
    links = links or observe_links(host)
    names = host.names(INTERFACES)
    own = {name: _own_uses(host, name) for name in names}
    for route in links.routes:
        if route.default and route.interface in own:
            _add(own[route.interface], "carries the default route")
    for what, servers in (("the connection of this run", connection), *_storage(host)):
        for address, interfaces in _ways(links.routes, servers).items():
            for interface in interfaces & set(own):
                _add(own[interface], f"carries {what} ({address})")
    for name, sentence in _bound(host, links.addresses):
        if name in own:
            _add(own[name], sentence)
    for name, function in _handlers(host):
        if name in own:
            _add(own[name], f"delivers packets to the kernel function {function}")
    for name, addresses in links.addresses.items():
        if name in own:
            _add(own[name], f"has the address {' and '.join(addresses)}")
    for route in links.routes:
        if not (route.default or route.is_automatic) and not own.get(route.interface, True):
            _add(own[route.interface], f"carries the route to {route.network}")
    for name in links.xdp & set(own):
        _add(own[name], "has an XDP program")
    above = upper_interfaces.observe(host, names)
    uses = {name: _inherited(name, own, above, set()) for name in names}
    return {name: sentences for name, sentences in uses.items() if sentences}


def _storage(host: HostRoot) -> Iterator[tuple[str, list[str]]]:
    """Yield the uses of remote storage with the addresses of their servers."""
    for line in first_lines(host, MOUNTS):
        words = line.split()
        if len(words) > 3:
            source = words[0].lstrip("/") if words[0].startswith("//") else words[0].partition(":/")[0]
            named = [server for servers in MOUNT_SERVERS.findall(words[3]) for server in servers.split("/")]
            yield f"the mount {words[1]}", _hosts([*named, *source.partition("/")[0].split(",")])
    for name in host.names(ISCSI_CONNECTIONS):
        files = [f"{ISCSI_CONNECTIONS}/{name}/{file}" for file in ("persistent_address", "address")]
        yield "an iSCSI session", [address for address in (host.read(file, optional=True) for file in files) if address]
    for name, options in connections(host):
        yield f"the NVMe connection {name}", [options["traddr"]] if "traddr" in options else []
    for name in host.names(RBD):
        monitors = (host.read(f"{RBD}/{name}/config_info", optional=True) or "").partition(" ")[0]
        yield f"the RBD image {name}", _hosts(monitors.split(","))


def _bound(host: HostRoot, addresses: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield interfaces to which storage or a provider is bound, by name or by one of their ``addresses``."""
    for line in first_lines(host, PPPOE)[1:]:
        yield line.split()[-1] if line.split() else "", "carries a PPPoE connection"
    for name in host.names(ISCSI_HOSTS):
        interface = host.read(f"{ISCSI_HOSTS}/{name}/netdev", optional=True)
        if interface:
            yield interface, "carries an iSCSI session"
    for name, options in connections(host):
        if "host_iface" in options:
            yield options["host_iface"], f"carries the NVMe connection {name}"
        for interface, own in addresses.items():
            if options.get("host_traddr") in [address.partition("/")[0] for address in own]:
                yield interface, f"carries the NVMe connection {name}"


def _handlers(host: HostRoot) -> Iterator[tuple[str, str]]:
    """Yield interfaces whose packets a kernel module receives, such as FCoE or guests of VirtualBox with a bridge."""
    for line in first_lines(host, HANDLERS)[1:]:
        # Protocol, interface (empty for all), function, and its module in brackets.
        words = line.split()
        if len(words) > 2 and not words[2].startswith("[") and words[2] not in OF_SOCKETS:
            yield words[1], " ".join(words[2:])


def _hosts(texts: Iterable[str]) -> list[str]:
    """Return the IP addresses in server names, which may have a port or network type as suffix."""
    found = []
    for text in texts:
        name = text.partition("@")[0]
        server = SERVER.match(name)
        name = (server[1] or server[2]) if server else name
        if _address(name):
            found.append(name)
    return list(dict.fromkeys(found))


def connection_of(host: HostRoot, environment: Mapping[str, str], process: int) -> list[str]:
    """Return the addresses of both ends of the SSH connection from which a process was started.

    Becoming another user drops the variable, so the environment of the ancestors is searched too.
    """
    value = environment.get(CONNECTION)
    asked: set[int] = set()
    while not value and process > 1 and process not in asked and len(asked) < MOST_ANCESTORS:
        asked.add(process)
        path = f"proc/{process}/environ"
        # A hung process may keep its memory locked, so that its environment cannot be read.
        variables = (host.read(path, optional=True) or "").split("\0")
        value = next((text.partition("=")[2] for text in variables if text.startswith(f"{CONNECTION}=")), None)
        process = _parent(host, process)
    words = (value or "").split()
    return [words[0], words[2]] if len(words) == 4 else []


def _ways(routes: list[Route], addresses: list[str]) -> dict[str, set[str]]:
    """Map each address to the interfaces of the longest matching routes, including all next hops."""
    found = {}
    for text in addresses:
        address = _address(text)
        scope = text.partition("%")[2]
        if scope:
            # Every interface has a route to link-local addresses, so only the scope selects the interface.
            found[text] = {scope}
            continue
        matching = [route for route in routes if address is not None and address in route.network]
        if matching:
            longest = max(route.network.prefixlen for route in matching)
            found[text] = {route.interface for route in matching if route.network.prefixlen == longest}
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
        if name == "PPid":
            return decimal(value.strip(), most=2**31 - 1) or 0
    return 0


def _own_uses(host: HostRoot, name: str) -> list[str]:
    master = host.link_name(f"{INTERFACES}/{name}/master")
    return [f"is a port of {_kind(host, master)} {master}"] if master else []


def _kind(host: HostRoot, master: str) -> str:
    for directory, kind in (("bonding", "the bond"), ("bridge", "the bridge")):
        if host.exists(f"{INTERFACES}/{master}/{directory}"):
            return kind
    return "the team or switch"


def _inherited(name: str, own: dict[str, list[str]], above: dict[str, list[str]], below: set[str]) -> list[str]:
    sentences = list(own[name])
    for upper in above[name]:
        if upper in below or upper not in own:
            continue
        inherited = _inherited(upper, own, above, below | {name})
        port = next((sentence for sentence in own[name] if sentence.endswith(f" {upper}")), None)
        sentence = f"{port or f'is below {upper}'}{', which ' if inherited else ''}{' and '.join(inherited)}"
        sentences = [sentence if one == port else one for one in sentences] if port else [*sentences, sentence]
    return sentences


def _add(sentences: list[str], sentence: str) -> None:
    if sentence not in sentences:
        sentences.append(sentence)
