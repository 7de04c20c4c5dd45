# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find providers of mediated devices that nova no longer updates, because its settings have no such parent; no I/O.

See nova/virt/libvirt/driver.py, _ensure_pgpu_providers: nova-compute never removes them.
"""

from __future__ import annotations

from collections.abc import Collection

from . import names
from .model import Provider
from .nodes import Nodes


def providers(nodes: Nodes) -> list[Provider]:
    """Return these providers below roots whose parents of mediated devices are known."""
    parents = {
        node["uuid"]: nodes.wanted[node["item"]]["mdev_parents"]
        for node in nodes.present()
        if node["item"] is not None and not node["parent"]
    }
    found = []
    for one in nodes.providers.values():
        parent, known = names.card_of_node_device(one["name"]), parents.get(one["root"])
        if parent and known is not None and parent not in known and not nodes.is_listed(one):
            found.append(one)
    return found


def sentences(nodes: Nodes, reported: Collection[str]) -> list[str]:
    """Return a sentence for each that offers something; those with the UUIDs ``reported`` have one already."""
    return [
        f"{one['name']} ({one['uuid']}) offers mediated devices that nova does not have according to the profiles, so "
        "guests of this provider cannot start. Restart nova-compute, which leaves the provider behind. When no guest "
        f"has its devices, remove it with: openstack resource provider delete {one['uuid']}"
        for one in providers(nodes)
        if one["uuid"] not in reported
        and names.owner(one["traits"] or ()) in (None, names.NOVA)
        and any(inventory["total"] > inventory["reserved"] for inventory in (one["inventories"] or {}).values())
    ]
