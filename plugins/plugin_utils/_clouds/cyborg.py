# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""OpenStack Cyborg: settings of cyborg-agent, and providers in the shape of its GPU driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import NAMESPACE_DNS, uuid3

from ansible_collections.vfio.devices.plugins.module_utils._core import wording
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import (
    cyborg_trait,
    nova_mdev,
    nova_release,
    provider,
    settings_file,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Provider, ProviderOptions
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.defaults import or_default
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider import Content
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.settings_file import Sections
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_typed_vfs,
    held_card,
    is_nvidia_gpu,
    of_card,
    type_name,
    usable_parents,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan, Unselected, VgpuType
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.value_types import Option

OWNER = "cyborg"
SHAPE = "cyborg"
PROFILE_PART: Option = {}
# cyborg-agent creates the devices itself.
DEFAULT_COUNT = "0"
MAKES_MDEVS = True
TAKES_UNTOUCHED_CARDS = True
DRIVER = "nvidia_gpu_driver"
# A driver for tests, which reports devices that do not exist (cyborg/conf/agent.py).
DEFAULT_DRIVER = "fake_driver"
# Maximum number of parents in a sentence.
MOST_NAMES = 4
# PCI classes that the agent detects (cyborg/accelerator/drivers/gpu/utils.py, GPU_FLAGS).
FOUND = ("0300", "0302")


class Options(TypedDict):
    """The validated options of the filter cyborg_config."""

    # Other drivers of cyborg-agent.
    drivers: Sequence[str]
    # The number of the nova release, or None if the host has no nova.
    nova_release: int | None
    # The drivers that other files of cyborg-agent enable, each with its file.
    others: Sequence[Mapping[str, str]]


def cyborg_config(plan: Plan, drivers: Any = (), nova_release: object = None, started: Any = None) -> str:
    """Return the configuration of cyborg-agent; raise ``AnsibleFilterError`` with a sentence for each problem."""
    with errors_of_filter("cyborg_config", "cyborg_config needs a plan of vfio.devices.resolve"):
        if not isinstance(drivers, (list, tuple)) or not all(_is_word(driver) for driver in drivers):
            raise ValueError(f"drivers must be a list of names, and not {drivers!r}")
        seen = or_default(started, {})
        if not isinstance(seen, Mapping):
            raise ValueError("started must be the result of vfio.devices.service_settings_info")
        options: Options = {
            "drivers": drivers,
            "nova_release": _release(nova_release),
            "others": seen.get("drivers", []),
        }
        text, problems = _settings(plan, options)
    refuse("the Cyborg configuration cannot be created:", problems)
    return text


def check(profile: Profile) -> list[str]:
    found = []
    if len(profile["shares"]) > 1:
        found.append("cyborg-agent knows one type of each GPU. Use one type, or set owner: none")
    if profile["vgpu"] and profile["vgpu"]["count"] is not None:
        found.append("remove vgpu.count, because cyborg-agent creates the devices itself and fails on a full card")
    resource_class = profile["placement"]["resource_class"]
    own = "VGPU" if profile["vgpu"] else "PGPU"
    if resource_class not in (None, own):
        found.append(f"Cyborg uses the resource class {own} for such a card, and not {resource_class}")
    return found


def check_card(card: Card) -> list[str]:
    if not is_nvidia_gpu(card):
        return ["Cyborg's GPU driver supports NVIDIA GPUs only. Set owner: nova or owner: none"]
    if card["mode"] and not card["framework"] and card["total"] is not None:
        return ["Cyborg's NVIDIA driver supports vGPUs and complete GPUs, and no virtual functions. Remove mode"]
    if has_typed_vfs(card):
        return ["Cyborg supports mediated devices only, and not the vendor-specific VFIO framework. Set owner: nova"]
    return []


def check_host(cards: list[Card]) -> list[str]:
    return []


def _settings(plan: Plan, options: Options) -> tuple[str, list[str]]:
    cards = cards_of(plan, OWNER)
    problems = [of_card(card, sentence) for card in cards for sentence in _check(card, options["nova_release"])]
    if cards:
        problems += [*_check_others(plan), *_check_drivers(options)]
    if problems:
        return "", problems
    return settings_file.text("cyborg_config", _sections(cards, options["drivers"])), []


def why_no_provider(card: Card, options: ProviderOptions) -> str | None:
    if card["owner"] == "nova":
        return "its owner is nova, and a GPU cannot be managed by nova and Cyborg"
    if not card["address"] or not is_nvidia_gpu(card):
        return "Cyborg's shape is only for NVIDIA GPUs, and this card is not an NVIDIA GPU"
    virtual_functions = card["mode"] == "vf" and not card["framework"] and card["total"] is not None
    if has_typed_vfs(card) or virtual_functions:
        return "Cyborg supports complete GPUs and mediated devices, and no virtual functions"
    return None


def providers(card: Card, options: ProviderOptions) -> tuple[list[Provider], list[str]]:
    """Create the providers that cyborg-agent would create, if it does not run on the host."""
    found: list[str] = []
    address = card["address"] or ""
    if not options["cyborg_agent"]:
        name = _provider_name(address, options)
        # cyborg-agent fails if the provider with this name has another UUID (cyborg/conductor/manager.py).
        return [provider.create(card, name, options, _content, found, uuid=uuid3(NAMESPACE_DNS, name))], found
    addresses = usable_parents(card) if card["framework"] else [address]
    provider_names = [_provider_name(one, options) for one in addresses]
    return provider.traits_only(card, provider_names, OWNER, options, found), found


def reserved_names(card: Card, root: str) -> list[str]:
    return []


def extra_specs(card: Card) -> dict[str, str]:
    # A flavor names only the device profile; the requested resources are stored in Cyborg.
    return {"accel:device_profile": card["profile"]}


def _is_word(text: object) -> bool:
    return isinstance(text, str) and bool(settings_file.WORD.match(text))


def _release(text: object) -> int | None:
    """Return the release number, or None if the host has no nova."""
    return None if text in (None, "") else nova_release.number(text)


def _check(card: Card, release: int | None) -> list[str]:
    found = list(filter(None, [card.get("not_shareable")]))
    if not nova_mdev.ADDRESS.match(card["address"] or ""):
        found.append("cyborg-agent fails at this address, because it supports only PCI domains of four digits")
    if not is_nvidia_gpu(card):
        found.append("cyborg-agent supports NVIDIA GPUs only. Set owner: nova or owner: none")
    if card["type"]:
        found += _check_type(card, card["type"], release)
    others = [parent["name"] for parent in card.get("held_parents", ()) if parent["name"] != card["address"]]
    if others:
        found.append(
            f"it still has vGPUs on {wording.shorten(others, MOST_NAMES)}, and cyborg-agent would also assign the "
            "complete card. Remove unused vGPUs with mdevctl stop, and wait for the guests of the others"
        )
    return found


def _check_type(card: Card, vgpu_type: VgpuType, release: int | None) -> list[str]:
    found = []
    if [parent["name"] for parent in card["parents"]] != [card["address"]]:
        found.append(
            "cyborg-agent would also assign the complete card, because its vGPUs are on virtual functions. Set owner: "
            "nova"
        )
    if not _is_word(vgpu_type["id"]):
        found.append(f"the type {vgpu_type['id']!r} cannot be the name of a section in the Cyborg configuration")
    try:
        cyborg_trait.gpu_trait(card["product_id"] or "", vgpu_type["name"] or "", exact=True)
    except ValueError as error:
        found.append(f"{error}. Use another type, or set owner: nova")
    if release is not None and release < nova_release.VIRTUAL_PARENTS:
        found.append(
            f"nova {release} does not assign Cyborg vGPUs to guests. nova {nova_release.VIRTUAL_PARENTS} or later does"
        )
    return found


def _check_others(plan: Plan) -> list[str]:
    """Report other NVIDIA GPUs: cyborg-agent reports all of them, whole if they lack a type, and cannot exclude any."""
    others: list[tuple[str, Card | Unselected]] = [
        (of_card(card, f"its owner is {card['owner']}"), card) for card in plan["cards"] if card["owner"] != OWNER
    ]
    others += [(f"{card['name']}: it is in no profile", card) for card in plan.get("unselected", [])]
    return [
        f"{text}, but cyborg-agent manages every NVIDIA GPU of its host. Give all of them profiles of owner cyborg, "
        "or remove this one from the host"
        for text, card in others
        if is_nvidia_gpu(card) and card["class"] in FOUND
    ]


def _check_drivers(options: Options) -> list[str]:
    """Report drivers that cyborg-agent would lose, because our list replaces that of other files."""
    kept = [*options["drivers"], DRIVER, DEFAULT_DRIVER]
    lost = [one for one in options["others"] if one["driver"] not in kept]
    if not lost:
        return []
    names = [one["driver"] for one in lost]
    return [
        f"cyborg-agent would lose {', '.join(names)} of {lost[0]['file']}, because the file of this collection "
        f"replaces enabled_drivers. Set cyborg_config_drivers: [{', '.join([*options['drivers'], *names])}]"
    ]


def _sections(cards: list[Card], drivers: Sequence[str]) -> Sections:
    if not cards:
        return {}
    sections: dict[str, list[settings_file.Option]] = {
        "agent": [("enabled_drivers", ",".join(dict.fromkeys([*drivers, DRIVER])))]
    }
    by_type: dict[str, list[str]] = {}
    for card in cards:
        # cyborg-agent assigns a card without a type as a whole, even to another guest than that with its vGPU.
        vgpu_type = (held_card(card) or card)["type"]
        if vgpu_type:
            by_type.setdefault(vgpu_type["id"], []).append(card["address"] or "")
    # Without this option, each virtual function is assigned as a complete GPU.
    sections["gpu_devices"] = [("filter_sriov_vfs", "true")]
    # An empty list replaces that of another file, whose types would otherwise apply to complete GPUs.
    sections["gpu_devices"].append(("enabled_vgpu_types", ",".join(sorted(by_type))))
    for type_id in sorted(by_type):
        sections[f"vgpu_{type_id}"] = [("device_addresses", ",".join(sorted(by_type[type_id])))]
    return sections


def _provider_name(address: str, options: ProviderOptions) -> str:
    """Return the name with the address in lower case, as lspci prints it for Cyborg."""
    return f"{options['cyborg_host'] or options['root']}_{address.lower()}"


def _content(card: Card, options: ProviderOptions, found: list[str]) -> Content:
    """Return resource class and traits that Cyborg gives to a GPU; a future device has no type yet."""
    to_come = card["total"] is None
    resource_class = "VGPU" if card["type"] or to_come else "PGPU"
    if card["resource_class"] not in (None, resource_class):
        found.append(f"in Cyborg's shape its resource class is {resource_class}, and not {card['resource_class']}")
    traits = [cyborg_trait.OWNER_TRAIT, *card["traits"]]
    if to_come:
        return resource_class, traits
    try:
        traits.append(cyborg_trait.gpu_trait(card["product_id"] or "", type_name(card), options["exact_names"]))
    except ValueError as error:
        found.append(f"{error}. Remove exact_names to get a valid trait")
    return resource_class, traits
