# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find conflicts between the provider configurations of others and ours, or the profiles.

``others`` are the files that nova-compute reads, except ours. Each is a dictionary with ``file`` and ``text``, which is
null for an unreadable file. See nova/compute/resource_tracker.py, _merge_provider_configs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._core import wording
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt, nova_pci, overlaps
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_yaml import COMPUTE_NODE, Entry, entries
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_mdevs,
    of_card,
    share_name,
    usable_parents,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

# Maximum number of providers in a sentence.
MOST_NAMES = 4


class Provider(NamedTuple):
    """A provider that nova-compute creates for a card: its resource class, and whether it is for mediated devices."""

    card: Card
    resource_class: str
    is_mdev: bool


def checked(service: Any) -> Mapping[str, Any]:
    """Return the result of service_settings_info, empty for a skipped task; raise ``ValueError`` for other values."""
    if not isinstance(service, Mapping):
        raise ValueError("service must be the result of vfio.devices.service_settings_info")
    return service if "providers" in service else {}


def except_ours(service: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    """Return the files that nova-compute reads except ``path``, which is never a file of a container."""
    return [one for one in service.get("providers", ()) if service["container"] or one["file"] != path]


def not_read(path: str, service: Mapping[str, Any]) -> list[str]:
    """Return why nova-compute does not read a file at ``path``."""
    if service["container"]:
        way = (
            "set nova_cell_compute_provider_config of kolla-ansible to the output of the filter provider_config"
            if service["kolla"]
            else "add the output of the filter provider_config to the files of the container"
        )
        return [
            f"nova-compute does not read {path}, because it runs in a container. Set nova_config_provider_config: "
            f"false. For the traits, set placement_publish: true, or {way}"
        ]
    directory, dummy, name = path.rpartition("/")
    wanted = service["provider_directory"]
    if directory == wanted and name.endswith(".yaml") and name[:1] != ".":
        return []
    return [
        f"nova-compute does not read {path}, only files *.yaml of {wanted}. Set nova_config_provider_path: "
        f"{wanted}/vfio-devices.yaml"
    ]


def wrong_name(root: str, service: Mapping[str, Any]) -> list[str]:
    """Return why nova-compute ignores providers whose names begin with ``root``."""
    name, node = service.get("host_name"), service.get("node_name")
    if node:
        is_wrong, found = node != root, f"is {node} for libvirt and nova. Set nova_config_root: {node}"
    else:
        # A name server may add a domain.
        is_wrong = bool(name) and root.partition(".")[0] != name
        found = f"is {name}. Set nova_config_root to its name in the output of openstack hypervisor list"
    return (
        [f"nova ignores traits of the providers of {root}, because the name of this host {found}"] if is_wrong else []
    )


def problems(
    plan: Plan, root: str, ours: Iterable[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], options: Options
) -> list[str]:
    """Return a sentence for each conflict. ``ours`` are the entries of the file of this collection."""
    found: list[str] = []
    listed: list[Entry] = []
    for one in others:
        mine, wrong = entries(one["file"], one["text"])
        listed += mine
        found += [f"nova-compute does not start because of {one['file']}: {sentence}" for sentence in wrong]
    found += _twice(listed)
    found += _named_by_us(root, {next(iter(one["identification"].values())) for one in ours}, listed)
    found += _of_devices(plan, root, listed, options)
    return list(dict.fromkeys(found))


def _twice(listed: Iterable[Entry]) -> Iterator[str]:
    files: dict[str, list[str]] = {}
    for one in listed:
        files.setdefault(one.provider, []).append(one.file)
    for name, paths in files.items():
        if len(paths) > 1:
            where = " and ".join(dict.fromkeys(paths))
            yield f"nova-compute does not start, because {where} list the provider {name} twice. Use one entry"


def _named_by_us(root: str, ours: set[str], listed: Iterable[Entry]) -> Iterator[str]:
    by_file: dict[str, list[str]] = {}
    for one in listed:
        if one.provider in ours:
            by_file.setdefault(one.file, []).append(one.provider)
        elif COMPUTE_NODE in ours and one.provider == root:
            yield (
                f"nova ignores our inventories of {COMPUTE_NODE}, because {one.file} lists the provider {root}. Remove "
                "the provider from the file"
            )
    for file, providers in by_file.items():
        yield (
            f"nova-compute does not start if {file} and the file of this collection both list "
            f"{wording.shorten(providers, MOST_NAMES)}. Remove the providers from {file}, and add the traits to "
            "placement.traits of the profiles"
        )


def _of_devices(plan: Plan, root: str, listed: Sequence[Entry], options: Options) -> Iterator[str]:
    """Check what other files add to providers of devices, or offer without a device."""
    providers = dict(_providers(plan, root, options))
    own = {f"{root}_vfio_{card['name']}": card for card in plan["cards"] if card["owner"] == "none"}
    classes = {one.resource_class: one.card for one in providers.values()}
    for entry in listed:
        mine = providers.get(entry.provider)
        if entry.provider in own and entry.classes:
            yield of_card(
                own[entry.provider],
                f"nova-compute no longer updates the host at the second report, because {entry.file} adds an inventory "
                f"to {entry.provider}. Remove the inventory from the file",
            )
        elif mine and mine.resource_class in entry.classes:
            yield of_card(
                mine.card,
                f"nova-compute no longer updates the host, because {entry.file} adds {mine.resource_class} to "
                f"{entry.provider}, which nova creates with this class. Remove the inventory from the file",
            )
        elif mine is None and entry.provider in (COMPUTE_NODE, root):
            yield from (
                of_card(
                    classes[name],
                    f"guests that ask for {name} may get no device, because {entry.file} adds an inventory of {name} "
                    "to the compute node. Remove it from the file, or use another placement.resource_class",
                )
                for name in dict.fromkeys(entry.classes)
                if name in classes
            )
        if mine and entry.traits:
            yield from _overlaps(mine, entry, providers.values(), options)


def _providers(plan: Plan, root: str, options: Options) -> Iterator[tuple[str, Provider]]:
    for card in cards_of(plan, "nova"):
        if has_mdevs(card):
            for parent in usable_parents(card):
                yield f"{root}_{libvirt.node_device(parent)}", Provider(card, overlaps.mdev_class(card), True)
    for card in nova_pci.cards(plan) if options["report_in_placement"] else ():
        if not card["nova"].get("physical_network"):
            product = card["product_id"] if card["mode"] == "pf" else card["vf_product_id"]
            name = card["resource_class"] or f"CUSTOM_PCI_{card['vendor_id']}_{product}".upper()
            yield f"{root}_{card['name'].upper()}", Provider(card, name, False)


def _overlaps(mine: Provider, entry: Entry, providers: Iterable[Provider], options: Options) -> Iterator[str]:
    """Check whether guests of other profiles also get a card, because a file adds the traits that they ask for."""
    if not mine.is_mdev and not options["pci_in_placement"]:
        return
    has = set(mine.card["traits"])
    for other in providers:
        asked = set(other.card["traits"])
        is_other = share_name(other.card) != share_name(mine.card)
        same = (other.resource_class, other.is_mdev) == (mine.resource_class, mine.is_mdev)
        if is_other and same and asked <= has | set(entry.traits) and not asked <= has:
            yield (
                f"profile {share_name(other.card)}: guests that ask for its devices also get those of profile "
                f"{share_name(mine.card)}, because {entry.file} adds {', '.join(sorted(asked - has))} to "
                f"{entry.provider}. Remove the trait from the file"
            )
