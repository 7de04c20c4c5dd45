# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""From the plan of a host to its providers in Placement, in the shape of nova, of Cyborg, or our own."""

from __future__ import annotations

import re

from ansible_collections.vfio.devices.plugins.module_utils._core import grammar as _grammar
from ansible_collections.vfio.devices.plugins.module_utils._placement import names as _placement_names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg as _cyborg_names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt as _node_devices
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import cards as _plan_cards

NOVA, CYBORG, OWN = "nova", "cyborg", "own"
# Placement's own limit (placement/db/constants.py).
LARGEST_TOTAL = 0x7FFFFFFF
SHAPE_OF_OWNER = {"nova": NOVA, "cyborg": CYBORG, "none": OWN}
# nova and Cyborg say with these whose a provider is; nobody else may.
RESERVED_TRAITS = (*_placement_names.OWNER_TRAITS, _placement_names.MARKER)


def tree(plan, options):
    """The providers for placement_inventory, the root first, and a sentence for each thing that cannot be.

    ``options`` are those of the filter placement_tree, all of them, with ``drain`` as True, False or a list of names.
    """
    problems = []
    drained = _drained(plan["cards"], options["drain"], problems)
    # Nothing is published below a root without cards.
    root = {"name": options["root"], "optional": options["root_optional"] or not plan["cards"]}
    _grammar.collect(_placement_names.provider_name, options["root"], problems)
    providers = [root]
    # By the name in small letters, which is what some databases of Placement go by.
    names = {options["root"].casefold(): "the root"}
    for card in plan["cards"]:
        found = []
        entries = _entries(card, options, card["name"] in drained, found)
        for name in [entry["name"] for entry in entries] or _names_of_pci(card, options["root"]):
            if name.casefold() in names:
                other = names[name.casefold()]
                found.append(f"its provider {name} has the name of that of {other}, at least where case is ignored")
            names[name.casefold()] = card["name"]
            _grammar.collect(_placement_names.provider_name, name, found)
        providers += entries
        problems += [_plan_cards.of_card(card, sentence) for sentence in found]
    return providers, problems


def _entries(card, options, drained, found):
    shape = options["shape"] or SHAPE_OF_OWNER[card["owner"]]
    reason = card.get("not_shareable") or _why_not(card, shape, options["cyborg_agent"])
    if reason:
        found.append(reason)
        return []
    _check_traits(card, found)
    if shape == OWN or shape == CYBORG and not options["cyborg_agent"]:
        return [_ours(card, shape, options, drained, found)]
    if drained:
        found.append(
            f"it cannot be drained in Placement, where its inventory is that of {shape}; disable the compute service "
            "of this host, or name other cards to drain"
        )
    names = _names_of_cyborg(card, options) if shape == CYBORG else _names_of_mdev(card, options["root"])
    return _traits_only(card, names, options, found)


def _why_not(card, shape, cyborg_agent):
    """Why a card cannot have a shape, or None."""
    owner = card["owner"]
    if shape == NOVA and owner != "nova":
        return f"nova makes no provider for it, because its owner is {owner}"
    if shape == OWN and (owner == "cyborg" and cyborg_agent or owner == "nova" and card["framework"] == "mdev"):
        return f"its owner {owner} publishes it already, and with shape own it would be counted twice"
    if shape == CYBORG:
        if owner == "nova":
            return "its owner is nova, and a GPU is in the hands of nova or Cyborg and never of both"
        if not card["address"] or not _plan_cards.is_nvidia_gpu(card):
            return "Cyborg's shape is that of its driver for GPUs of NVIDIA, and this is none"
        virtual_functions = card["mode"] == "vf" and not card["framework"] and card["total"] is not None
        if _plan_cards.is_vendor_vfio(card) or virtual_functions:
            return "Cyborg knows whole GPUs and mediated devices, and no virtual functions that go to guests"
    return None


# What others make


def _traits_only(card, names, options, found):
    """Custom traits on providers that nova-compute or cyborg-agent makes, if it has already."""
    standard = [name for name in card["traits"] if not _placement_names.is_custom(name)]
    if standard and names:
        found.append(f"{', '.join(standard)} cannot be set on the provider of another; only custom traits can")
    if not card["traits"] and options["traits_mode"] != "exact":
        return []
    common = {"parent": options["root"], "traits": sorted(card["traits"]), "optional": True}
    return [{"name": name, **common} for name in names]


def _parents(card):
    """The parents that offer something; those that do not have no provider in nova."""
    return [parent["name"] for parent in card["parents"] if parent["total"]]


def _names_of_mdev(card, root):
    """What nova calls the parents of mediated devices. Of PCI devices it replaces all traits, so there are none."""
    parents = _parents(card) if card["framework"] == "mdev" else []
    return [f"{root}_{_node_devices.node_device(name)}" for name in parents]


def _names_of_pci(card, root):
    """What nova calls a PCI device if it reports these to Placement."""
    if card["owner"] == "nova" and card["framework"] != "mdev" and card["address"]:
        return [f"{root}_{card['address'].upper()}"]
    return []


def _names_of_cyborg(card, options):
    addresses = _parents(card) if card["framework"] else [card["address"]]
    return [_name_of_cyborg(address, options) for address in addresses]


def _name_of_cyborg(address, options):
    """Cyborg has the address from lspci, which writes it in small letters."""
    return f"{options['cyborg_host'] or options['root']}_{address.lower()}"


# What we make


def _ours(card, shape, options, drained, found):
    """One provider for the card."""
    root = options["root"]
    name = _name_of_cyborg(card["address"], options) if shape == CYBORG else f"{root}_vfio_{card['name']}"
    total = card["total"]
    identity = {"name": name, "parent": root}
    if shape == CYBORG:
        identity["uuid"] = _cyborg_names.provider_uuid(name)
    kept = {**identity, "optional": True}
    if drained:
        # As it is in Placement: guests may still have what the card was before its profile was changed.
        return {**kept, "drain": True}
    to_come = total is None and options["preview"]
    if not total and not to_come:
        # Nothing is made. What there is offers nothing more, or stays as it is where nobody knows.
        return kept if total is None else {**kept, "inventories": {}}
    if shape == CYBORG:
        resource_class, traits = _cyborg(card, options["exact_names"], to_come, found)
    elif to_come:
        # Only what is declared is known before the virtual functions exist.
        resource_class, traits = card["resource_class"], card["traits"]
    else:
        resource_class, traits = _own(card, found)
    for trait in traits:
        _grammar.collect(_placement_names.trait, trait, found)
    provider = {**identity, "traits": sorted(set(traits))}
    if resource_class:
        _grammar.collect(_placement_names.resource_class, resource_class, found)
        # No number of devices is larger than that of a preview, so that no inventory seems to shrink.
        provider["inventories"] = {resource_class: {"total": LARGEST_TOTAL if to_come else total}}
    return provider


def _cyborg(card, exact_names, to_come, found):
    """The resource class and the traits that Cyborg gives to a GPU. What is to come has no type yet."""
    resource_class = "VGPU" if card["type"] or to_come else "PGPU"
    if card["resource_class"] not in (None, resource_class):
        found.append(f"in Cyborg's shape its resource class is {resource_class}, and not {card['resource_class']}")
    traits = [_cyborg_names.OWNER, *card["traits"]]
    if to_come:
        return resource_class, traits
    try:
        traits.append(_cyborg_names.gpu_trait(card["product_id"], _type_name(card), exact_names))
    except ValueError as error:
        found.append(f"{error}; leave out exact_names, and the trait is a safe one")
    return resource_class, traits


def _own(card, found):
    """The resource class and the traits of a card that neither nova nor Cyborg knows."""
    traits = list(card["traits"])
    if card["type"]:
        traits.append(f"CUSTOM_VFIO_TYPE_{_normal(_type_name(card))}")
    if card["numa_node"] is not None:
        traits.append(f"CUSTOM_NUMA_{card['numa_node']}")
    return card["resource_class"] or _default_class(card, found), traits


def _default_class(card, found):
    """For whole cards and virtual functions the name that nova has for them."""
    if card["type"]:
        is_gpu = _plan_cards.is_vendor_vfio(card) or _plan_cards.is_display(card)
        return "CUSTOM_VGPU" if is_gpu else "CUSTOM_MDEV"
    product = card["vf_product_id"] if card["mode"] == "vf" else card["product_id"]
    if not product:
        found.append("the product id of its virtual functions is not known; give it a placement.resource_class")
        return "CUSTOM_VF"
    return f"CUSTOM_PCI_{_normal(card['vendor_id'])}_{_normal(product)}"


# What is common to all


def _check_traits(card, found):
    reserved = [name for name in card["traits"] if name in RESERVED_TRAITS]
    if reserved:
        found.append(f"{', '.join(reserved)} tells whose a provider is and comes by itself; leave it out")


def _drained(cards, drain, problems):
    """The names of the cards to drain."""
    names = {card["name"] for card in cards}
    if isinstance(drain, bool):
        return names if drain else set()
    problems += [
        f"drain: there is no card {name} in a profile here, only {', '.join(sorted(names)) or 'none at all'}"
        for name in drain
        if name not in names
    ]
    return names & set(drain)


def _type_name(card):
    return card["type"] and (card["type"]["name"] or card["type"]["id"])


def _normal(text):
    """A part of a resource class or a trait."""
    return re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")
