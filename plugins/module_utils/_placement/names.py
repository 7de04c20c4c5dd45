# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Names in Placement: check them, find the owner of a provider, and derive UUIDs from names."""

from __future__ import annotations

import difflib
import re
import uuid
from collections.abc import Iterable

from .._core import grammar

# The trait of our own providers.
MARKER = "CUSTOM_OWNER_VFIO_DEVICES"
OURS = "vfio.devices"
# The part of their names before the name of the card.
OWN = "_vfio_"
NOVA = "nova"
CYBORG = "cyborg"
OWNER_TRAITS = {"OWNER_NOVA": NOVA, "COMPUTE_NODE": NOVA, "COMPUTE_MANAGED_PCI_DEVICE": NOVA, "OWNER_CYBORG": CYBORG}
# nova-compute removes other services' providers with the first trait, and adopts those with the others.
NEVER_SET = ("COMPUTE_MANAGED_PCI_DEVICE", "COMPUTE_NODE", "OWNER_NOVA")
# nova-compute replaces all traits there whenever it updates the provider.
REWRITTEN = "COMPUTE_MANAGED_PCI_DEVICE"

LONGEST_PROVIDER = 200
# Maximum of names in a sentence, and minimum similarity of names (difflib).
SIMILAR_AT_MOST = 5
SIMILARITY = 0.6
CUSTOM = re.compile(r"CUSTOM_[A-Z0-9_]{1,248}\Z")
STANDARD = re.compile(r"(?!CUSTOM_)[A-Z][A-Z0-9_]{0,254}\Z")

# Names below a root that nova-compute derives from libvirt's node devices: PCI functions or virtual devices.
NODE_DEVICE = re.compile(
    r"(pci_[0-9a-f]{4,8}(_[0-9a-f]{2}){2}_[0-7]|mtty_mtty|mdpy_mdpy|mbochs_mbochs|ap_matrix|css(_[0-9a-f]+){3})\Z"
)

OF_NODE_DEVICE = re.compile(r"_pci_([0-9a-f]{4,8})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])\Z")

# The namespace of the roots that this collection creates. Another value would give existing providers new UUIDs.
ROOTS = uuid.UUID("27982173-78e5-5f98-8d76-7bc29f762287")


def provider_name(text: str) -> str:
    """Return a valid name of a provider; raise ``ValueError`` for other texts."""
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > LONGEST_PROVIDER:
        raise ValueError(
            f"{text[:80]!r} is not the name of a provider: 1 to {LONGEST_PROVIDER} printable characters, "
            "without blanks at the ends"
        )
    return text


def resource_class(text: str) -> str:
    """Return a resource class such as ``VGPU`` or ``CUSTOM_NIC_VF``; raise ``ValueError`` for other texts."""
    return _checked(text, "resource class", "VGPU or CUSTOM_NIC_VF")


def trait(text: str) -> str:
    """Return a trait such as ``CUSTOM_TIER_GOLD``; raise ``ValueError`` for other texts."""
    return _checked(text, "trait", "CUSTOM_TIER_GOLD")


def is_custom(name: str) -> bool:
    return name.startswith("CUSTOM_")


def is_uuid(text: str) -> bool:
    return bool(grammar.UUID.match(text.lower()))


def derived_uuid(root: str | None, name: str) -> str:
    """Return the UUID of a new provider below ``root``, or of a new root. Equal names below a root give equal UUIDs."""
    return str(uuid.uuid5(uuid.UUID(root) if root else ROOTS, name))


def owner(traits: Iterable[str]) -> str | None:
    """Return the owner of a provider according to its traits, or None if it is unknown."""
    has = set(traits)
    if MARKER in has:
        return OURS
    return next((who for name, who in OWNER_TRAITS.items() if name in has), None)


def same_host(name: str, known: Iterable[str]) -> list[str]:
    """Return the sorted names with the same short host name, ignoring case; an address has no short name."""
    short = _short(name)
    return [one for one in sorted(known) if _short(one) == short]


def card_of(name: str) -> str:
    """Return the card of one of our own providers: the end of its name in lower case."""
    return name.rpartition(OWN if OWN in name else "_")[2].casefold()


def card_of_node_device(name: str) -> str | None:
    """Return the card of a provider that nova names after a node device of libvirt, such as pci_0000_41_00_0."""
    found = OF_NODE_DEVICE.search(name.casefold())
    return "{}:{}:{}.{}".format(*found.groups()) if found else None


def is_of_card(name: str, uuid_text: str) -> bool:
    """Return whether a provider has a name of this collection, or the name and UUID that Cyborg gives to a card."""
    of_cyborg = grammar.PCI_ADDRESS.match(card_of(name)) and uuid_text == str(uuid.uuid3(uuid.NAMESPACE_DNS, name))
    return OWN in name or bool(of_cyborg)


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Return up to :data:`SIMILAR_AT_MOST` names: first those with the same short host name, then similar names.

    If no name is similar, return the first names in order.
    """
    by_folded = {one.casefold(): one for one in sorted(known)}
    same = same_host(name.casefold(), by_folded)
    close = difflib.get_close_matches(name.casefold(), by_folded, SIMILAR_AT_MOST, SIMILARITY)
    found = dict.fromkeys([*same, *close] or by_folded)
    return [by_folded[folded] for folded in found][:SIMILAR_AT_MOST]


NO_ROOT = "there is no provider with this name, and without a parent it would be the root of a tree"
# Remedies for the lack of a root.
ROOT_OF_HOST = (
    "placement_root must be the hypervisor_hostname of the compute node. If nova-compute creates the root later, set "
    "placement_root_optional: true"
)
ROOT_OF_ENTRY = "Correct its name, set its parent, or set create_roots: true"
ROOT_OF_PARENT = "Correct parent, or start nova-compute first, which creates the root"


def describe_roots(name: str, roots: list[str], former: str | None) -> str:
    """Return a clause with the roots that a name may mean; ``former`` is the root that the host had before."""
    if former:
        return (
            f"This host was published below the root {former} before. If this is its name, set placement_root: {former}"
        )
    named = similar(name, roots)
    if not named:
        return "Placement has no root"
    more = len(roots) - len(named)
    same = same_host(name, roots)
    return (
        f"The roots in Placement are {', '.join(named)}{f' and {more} more' if more else ''}"
        f"{f'. If this is the host, set placement_root: {same[0]}' if same else ''}"
    )


def name_conflict(name: str, root_name: str, traits: Iterable[str]) -> str | None:
    """Return why a provider with this name must not be created, because another service may create it; or None."""
    for prefix in (root_name, root_name.partition(".")[0]):
        if not name.lower().startswith(f"{prefix.lower()}_"):
            continue
        tail = name[len(prefix) + 1 :]
        if NODE_DEVICE.match(tail.lower()):
            return (
                "nova-compute creates a provider with this name itself, and fails if another service has created it. "
                "Remove the entry, or use another name"
            )
        if grammar.PCI_ADDRESS.match(tail.lower()):
            if "OWNER_CYBORG" in traits and tail == tail.lower():
                return None
            return (
                "nova-compute (PCI devices) and cyborg-agent create providers with this name, and fail if another "
                "service has created it. Use another name. On hosts without cyborg-agent, list the trait OWNER_CYBORG "
                "and write the address in lower case for Cyborg's shape"
            )
    return None


def _short(name: str) -> str:
    folded = name.casefold()
    short = folded.partition(".")[0]
    return folded if short.isdigit() else short


def _checked(text: str, what: str, example: str) -> str:
    if CUSTOM.match(text) or STANDARD.match(text):
        return text
    raise ValueError(
        f"{text[:80]!r} is not a {what} such as {example}: capital letters, digits and underscores, at most 255"
    )
