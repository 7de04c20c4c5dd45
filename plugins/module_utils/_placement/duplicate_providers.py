# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find providers of other services that offer a card that we publish below the same root; no I/O."""

from __future__ import annotations

from . import names
from .model import Provider
from .nodes import Nodes


def providers(nodes: Nodes) -> list[tuple[str, Provider]]:
    """Return each such provider after the name of ours."""
    ours = {
        (node["root"], names.card_of(node["name"])): node["name"]
        for node in nodes.present()
        if node["parent"] and names.OWN in node["name"] and node["inventories"]
    }
    unexpected = {one["uuid"] for one in [*nodes.unexpected(), *nodes.to_remove]}
    return [
        (ours[one["root"], card], one)
        for one in nodes.providers.values()
        for card in [names.card_of_node_device(one["name"]) or names.card_of(one["name"])]
        if (one["root"], card) in ours
        and names.OWN not in one["name"]
        and one["uuid"] not in unexpected
        and not nodes.is_listed(one)
    ]


def sentences(nodes: Nodes) -> list[str]:
    """Return a sentence for each such provider that offers something."""
    found = []
    for ours, other in providers(nodes):
        if any(one["total"] > one["reserved"] for one in (other["inventories"] or {}).values()):
            owner = names.owner(other["traits"] or ())
            # Before release 34, nova sets no trait of an owner on providers of mediated devices.
            is_of_mdevs = names.card_of_node_device(other["name"]) is not None and owner != names.CYBORG
            owner = names.NOVA if is_of_mdevs else owner
            theirs = f"{other['name']} ({other['uuid']}{f' of {owner}' if owner else ''})"
            found.append(
                f"{ours} and {theirs} represent the same card, so Placement offers the card twice. "
                f"{_advice(owner, other['uuid'], is_of_mdevs)}"
            )
    return found


def _advice(owner: str | None, uuid: str, is_of_mdevs: bool) -> str:
    remove = f"openstack resource provider delete {uuid}"
    if owner is None:
        return f"Remove the other provider with: {remove}"
    service = "nova-compute" if owner == names.NOVA else "cyborg-agent"
    advice = f"Set owner: {owner} in the profile, or remove the card from the settings of {service} and restart it"
    # nova/virt/libvirt/driver.py, _update_provider_tree_for_vgpu: only providers of its current types are updated.
    return (
        f"{advice}. nova-compute leaves its provider behind. Then remove it with: {remove}" if is_of_mdevs else advice
    )
