# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cyborg_config
short_description: Make the settings of cyborg-agent from the plan of a host
version_added: 1.0.0
description:
  - Turns the plan of a host into the text of a file for C(/etc/cyborg/cyborg.conf.d), with all cards of owner
    V(cyborg). Each type of vGPU has the addresses of its cards, and a card without a type is left to Cyborg as a whole.
  - cyborg-agent knows C(filter_sriov_vfs) from release 17 on. Older ones give each virtual function of a GPU away too.
  - What stops cyborg-agent, or makes it report another card than the plan says, is refused here, all of it at once,
    each with its profile and card.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
options:
  drivers:
    description:
      - Further drivers of cyborg-agent on the host, because C(enabled_drivers) of this file replaces that of others.
    type: list
    elements: str
    default: []
  nova_release:
    description:
      - Release of nova on the host, if there is one. Before V(34) nova starts guests without the vGPU that Cyborg has
        given them, and so vGPUs are refused.
    type: str
seealso:
  - plugin: vfio.devices.nova_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the settings of cyborg-agent
  ansible.builtin.copy:
    content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.cyborg_config }}"
    dest: /etc/cyborg/cyborg.conf.d/50-vfio-devices.conf
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text, empty when there is nothing for Cyborg.
  type: str
  sample: |
    # Settings of Cyborg, made by vfio.devices. Changes made by hand get lost.

    [agent]
    enabled_drivers = nvidia_gpu_driver

    [gpu_devices]
    filter_sriov_vfs = true
    enabled_vgpu_types = nvidia-223

    [vgpu_nvidia-223]
    device_addresses = 0000:af:00.0
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg as _cyborg_names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_mdev as _nova_mdev
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release as _nova_release
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import settings_file as _settings_file
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import cards as _plan_cards
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plain import misfit

DRIVER = "nvidia_gpu_driver"


def cyborg_config(plan, drivers=(), nova_release=None):
    """The text for cyborg-agent, or ``AnsibleFilterError`` with a sentence for each thing that cannot be."""
    if not isinstance(drivers, (list, tuple)) or not all(_is_word(driver) for driver in drivers):
        raise AnsibleFilterError(f"cyborg_config: drivers must be a list of names, and not {drivers!r}")
    try:
        cards = _plan_cards.known(plan, "cyborg")
        release = None if nova_release in (None, "") else _nova_release.number(nova_release)
        problems = [_plan_cards.of_card(card, sentence) for card in cards for sentence in _check(card, release)]
        if cards:
            problems += _check_others(plan)
        sections = {} if problems else _sections(cards, drivers)
    except ValueError as error:
        raise AnsibleFilterError(f"cyborg_config: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"cyborg_config needs a plan of vfio.devices.resolve: {misfit(error)}") from None
    if problems:
        raise AnsibleFilterError("\n".join(["there are no such settings of Cyborg:", *problems]))
    return _settings_file.text("Cyborg", sections)


def _is_word(text):
    return isinstance(text, str) and _settings_file.WORD.match(text)


def _check(card, release):
    found = list(filter(None, [card.get("not_shareable")]))
    if not _nova_mdev.ADDRESS.match(card["address"] or ""):
        found.append("cyborg-agent stops at it, because it knows PCI functions in domains of four digits only")
    if not _plan_cards.is_nvidia_gpu(card):
        found.append("cyborg-agent's driver finds graphics cards of NVIDIA only")
    if card["type"]:
        found += _check_type(card, release)
    return found


def _check_type(card, release):
    found = []
    if [parent["name"] for parent in card["parents"]] != [card["address"]]:
        found.append("cyborg-agent would also give away the whole card, whose vGPUs are on its virtual functions")
    if not _is_word(card["type"]["id"]):
        found.append(f"the type {card['type']['id']!r} cannot be the name of a section in Cyborg's settings")
    try:
        _cyborg_names.gpu_trait(card["product_id"] or "", card["type"]["name"] or "", exact=True)
    except ValueError as error:
        found.append(f"{error}; choose another type, or the owner nova")
    if release is not None and release < _nova_release.VIRTUAL_PARENTS:
        found.append(f"nova {release} gives guests no vGPU of Cyborg; {_nova_release.VIRTUAL_PARENTS} does")
    return found


def _check_others(plan):
    """cyborg-agent reports each GPU of NVIDIA, and those without a type as whole ones; it has no option to leave one out."""
    others = [(_plan_cards.of_card(card, f"its owner is {card['owner']}"), card) for card in plan["cards"]]
    others = [(text, card) for text, card in others if card["owner"] != "cyborg"]
    others += [(f"{card['name']}: it is in no profile", card) for card in plan.get("unselected", [])]
    return [
        f"{text}, but cyborg-agent gives away every NVIDIA GPU of its host. Give all of them profiles of owner cyborg, "
        "or remove this one from the host"
        for text, card in others
        if _plan_cards.is_nvidia_gpu(card)
    ]


def _sections(cards, drivers):
    if not cards:
        return {}
    sections = {"agent": [("enabled_drivers", ",".join(dict.fromkeys([*drivers, DRIVER])))]}
    by_type = {}
    for card in cards:
        if card["type"]:
            by_type.setdefault(card["type"]["id"], []).append(card["address"])
    # Otherwise each virtual function is given away as a whole GPU.
    sections["gpu_devices"] = [("filter_sriov_vfs", "true")]
    if by_type:
        sections["gpu_devices"].append(("enabled_vgpu_types", ",".join(sorted(by_type))))
    for type_id in sorted(by_type):
        sections[f"vgpu_{type_id}"] = [("device_addresses", ",".join(sorted(by_type[type_id])))]
    return sections


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"cyborg_config": cyborg_config}
