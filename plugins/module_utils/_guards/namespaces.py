# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Interfaces of other network namespaces on top of an interface of the host: macvlan, ipvlan and VLAN of containers.

The kernel links an interface only to those above it in its own namespace (net/core/dev.c,
netdev_adjacent_sysfs_add). The one above has the index of the interface below, which a process of its namespace sees
in sysfs, and the program ip in a namespace that has a name and no process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .._core.problems import holders
from .._host.root import HostError, HostRoot, first_lines
from .base import user
from .processes import Processes

INTERFACES = "sys/class/net"
# Other kinds have no device below, or the other end of a pair (drivers/net/macvlan.c, net/8021q/vlan_dev.c).
KINDS = ("macvlan", "macvtap", "ipvlan", "ipvtap", "vlan")
KIND = re.compile(r"^DEVTYPE=(\S+)$", re.MULTILINE)
MOUNTINFO = ("proc/1/mountinfo", "proc/self/mountinfo")
# A namespace that ip has given a name (ip-netns(8)).
NAMED = re.compile(r"^\S+ \S+ \S+ (net:\[\d+\]) (?:/var)?/run/netns/(\S+) ", re.MULTILINE)
PROGRAM = "ip"
# Processes of one namespace that are asked until one shows its interfaces.
MOST_ASKED = 4


def on_top(host: HostRoot, processes: Processes) -> dict[str, list[str]]:
    """By index of an interface of the host what is on top of it elsewhere: ``macvlan eth1 of pid 77, pause``."""
    found: dict[str, list[str]] = {}
    own = host.names(INTERFACES)
    namespaces = processes.network_namespaces()
    for members in namespaces.values():
        for process in members[:MOST_ASKED]:
            directory = f"proc/{process}/root/{INTERFACES}"
            names = host.names(directory)
            # A service may have a namespace of its own, and still see the interfaces of the host.
            if names and names != own:
                owner = holders([user(processes.holder(process))])
                for kind, name, index in _of_process(host, directory, names):
                    found.setdefault(index, []).append(f"{kind} {name} of {owner}")
                break
    for namespace, label in NAMED.findall("\n".join(first_lines(host, MOUNTINFO))):
        if namespace not in namespaces:
            for kind, name, index in _of_program(host, label):
                found.setdefault(index, []).append(f"{kind} {name} of the network namespace {label}")
    return found


def _of_process(host: HostRoot, directory: str, names: list[str]) -> Iterator[tuple[str, str, str]]:
    paths = [f"{directory}/{name}/{file}" for name in names for file in ("uevent", "iflink")]
    answers = host.read_all(paths, optional=True)
    for name in names:
        kind = KIND.search(answers[f"{directory}/{name}/uevent"] or "")
        index = answers[f"{directory}/{name}/iflink"]
        if kind and kind[1] in KINDS and index:
            yield kind[1], name, index


def _of_program(host: HostRoot, namespace: str) -> list[tuple[str, str, str]]:
    try:
        links = json.loads(host.run(PROGRAM, ["-n", namespace, "-json", "-details", "link", "show"]) or "[]")
        return [
            (link["linkinfo"]["info_kind"], link["ifname"], str(link["link_index"]))
            for link in links
            if "link_index" in link and link.get("linkinfo", {}).get("info_kind") in KINDS
        ]
    except (HostError, ValueError, KeyError, TypeError, AttributeError) as error:
        host.warn(f"the interfaces of the network namespace {namespace} are unknown: {error}")
        return []
