# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find interfaces of other network namespaces on top of host interfaces: macvlan, ipvlan and VLAN of containers.

The kernel links an interface only to upper interfaces in the same namespace (net/core/dev.c,
netdev_adjacent_sysfs_add). An upper interface contains the index of the lower one. It is visible in sysfs of a process
in its namespace, or with ``ip`` if the namespace has a name and no process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .._core import json_text
from .._core.grammar import FUNCTION_IN_PATH
from .._core.patterns import lazy_pattern
from .._core.wording import describe_users
from .._host.root import HostError, HostRoot, first_lines
from .base import user
from .processes import Processes

INTERFACES = "sys/class/net"
PROPERTY = lazy_pattern(r"^(IFINDEX|DEVTYPE)=(\S+)$", re.MULTILINE)
MOUNTINFO = ("proc/1/mountinfo", "proc/self/mountinfo")
# The mount of a namespace that ip has named (ip-netns(8)).
NAMED = lazy_pattern(r"^\S+ \S+ \S+ (net:\[\d+\]) (?:/var)?/run/netns/(\S+) ", re.MULTILINE)
PROGRAM = "ip"
# Interfaces that come in pairs. Each end contains the index of the other end.
PAIRS = ("veth", "netkit")
# The number of processes to try per namespace until one shows its interfaces.
MOST_ASKED = 4


class Interface(NamedTuple):
    """An interface of another namespace."""

    name: str
    kind: str
    number: str
    below: str  # index of the lower interface or of the other end of a pair; its own index if there is neither
    where: str


def on_top(host: HostRoot, processes: Processes, unknown: list[str]) -> dict[str, list[str]]:
    """Map the index of each host interface to what is on top of it: ``interface eth1 of pid 77, pause``.

    Add to ``unknown`` why the interfaces of a namespace could not be read.
    """
    found: list[Interface] = []
    namespaces = processes.network_namespaces()
    for process, names in _listed(host, namespaces).items():
        where = f"{describe_users([user(processes.holder(process))])}, in another network namespace"
        found += _of_process(host, _directory(process), names, where)
    for label in [label for label, namespace in _named(host).items() if namespace not in namespaces]:
        try:
            found += _of_program(host, label)
        except (HostError, ValueError, KeyError, TypeError, AttributeError) as error:
            # It may have been removed meanwhile.
            if label in _named(host):
                unknown.append(f"the interfaces of the network namespace {label} are unknown: {error}")
    ends = {(one.number, one.below) for one in found}
    above: dict[str, list[str]] = {}
    for one in found:
        if one.below != one.number and (one.below, one.number) not in ends:
            above.setdefault(one.below, []).append(f"{one.kind} {one.name} of {one.where}")
    return above


def processes_by_function(host: HostRoot, processes: Processes) -> dict[str, int]:
    """Map each function with an interface in another namespace to a process there."""
    found: dict[str, int] = {}
    for process, names in _listed(host, processes.network_namespaces()).items():
        for name in names:
            for address in FUNCTION_IN_PATH.findall(host.link(f"{_directory(process)}/{name}") or "")[-1:]:
                found.setdefault(address, process)
    return found


def _directory(process: int) -> str:
    return f"proc/{process}/root/{INTERFACES}"


def _listed(host: HostRoot, namespaces: Mapping[str, list[int]]) -> dict[int, list[str]]:
    """Map one process of each namespace to the interfaces that it sees."""
    found: dict[int, list[str]] = {}
    own = host.names(INTERFACES)
    for members in namespaces.values():
        for process in members[:MOST_ASKED]:
            names = host.names(_directory(process))
            # A service may have its own network namespace, but a sysfs of the host.
            if names and names != own:
                found[process] = names
                break
    return found


def _of_process(host: HostRoot, directory: str, names: list[str], where: str) -> Iterator[Interface]:
    answers = host.read_all([f"{directory}/{name}/{file}" for name in names for file in ("uevent", "iflink")], True)
    for name in names:
        properties = dict(PROPERTY.findall(answers[f"{directory}/{name}/uevent"] or ""))
        below = answers[f"{directory}/{name}/iflink"]
        if below and "IFINDEX" in properties:
            yield Interface(name, properties.get("DEVTYPE", "interface"), properties["IFINDEX"], below, where)


def _named(host: HostRoot) -> dict[str, str]:
    """Map the name of each named namespace to its number."""
    return {label: namespace for namespace, label in NAMED.findall("\n".join(first_lines(host, MOUNTINFO)))}


def _of_program(host: HostRoot, namespace: str) -> list[Interface]:
    where = f"the network namespace {namespace}"
    links = json_text.load(host.run(PROGRAM, ["-n", namespace, "-json", "-details", "link", "show"]) or "[]")
    return [
        Interface(link["ifname"], link["linkinfo"]["info_kind"], str(link["ifindex"]), str(link["link_index"]), where)
        for link in links
        if "link_index" in link and link.get("linkinfo", {}).get("info_kind") not in (None, *PAIRS)
    ]
