# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.
"""Find files of the host network that configure the interface of a card that will be passed through.

An interface that is down has no address, so only its configuration shows that the host needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .._host.root import HostRoot
from .._model.host import Card
from .._model.wanted import CardWanted

# Directory, and suffixes of file names.
PLACES = (
    ("etc/netplan", (".yaml", ".yml")),
    ("etc/network", ("interfaces",)),
    ("etc/network/interfaces.d", ("",)),
    ("etc/NetworkManager/system-connections", (".nmconnection",)),
    ("etc/systemd/network", (".network", ".netdev")),
    ("etc/sysconfig/network-scripts", ("",)),
    ("etc/sysconfig/network", ("",)),
    ("etc/os-net-config", (".yaml", ".yml", ".json")),
    ("etc/nmstate", (".yaml", ".yml")),
    # Networks of Podman, CNI plugins and libvirt on an interface of the host, and agents of neutron.
    ("etc/containers/networks", (".json",)),
    ("etc/cni/net.d", (".conf", ".conflist", ".json")),
    ("etc/libvirt/qemu/networks", (".xml",)),
    ("etc/neutron/plugins/ml2", (".ini",)),
    ("etc/kolla/neutron-sriov-agent", (".ini",)),
    ("etc/kolla/neutron-linuxbridge-agent", (".ini",)),
)
IFCFG = "ifcfg-"
# An uncommented line with the name, which may be a value, a key or one of several words.
LINE = r"^(?![ \t]*[#;]).*(?<![\w.-]){}(?![\w.-])"


def observe(host: HostRoot, entries: Mapping[str, CardWanted], cards: Mapping[str, Card]) -> list[str]:
    """Return a sentence for each such interface; ``entries`` are the requests by address of the card."""
    changing = [one for one in cards.values() if entries[one.address].mode == "pf" and one.is_native]
    interfaces = {name: card.address for card in changing for name in card.netdevs}
    if not interfaces:
        return []
    files = dict(_files(host))
    return [
        f"{address} will lose its interface {name}, which /{path} configures for the host. If the host needs the "
        "interface, select another card. Otherwise remove the interface there"
        for name, address in interfaces.items()
        for path in _naming(files, name)
    ]


def _files(host: HostRoot) -> Iterator[tuple[str, str]]:
    for directory, ends in PLACES:
        for name in host.names(directory):
            if name.endswith(ends):
                yield f"{directory}/{name}", host.read(f"{directory}/{name}", optional=True) or ""


def _naming(files: Mapping[str, str], interface: str) -> list[str]:
    """Return the first file that configures an interface."""
    pattern = re.compile(LINE.format(re.escape(interface)), re.MULTILINE)
    found = [
        path for path, text in files.items() if path.rpartition("/")[2] == f"{IFCFG}{interface}" or pattern.search(text)
    ]
    return found[:1]
