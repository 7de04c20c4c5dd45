# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: provider_config
short_description: Make a provider configuration file of nova from the plan of a host
version_added: 1.0.0
description:
  - Turns the plan of a host into the text of a file for C(/etc/nova/provider_config), from which nova-compute adds the
    custom traits of a profile to the providers of its mediated devices. It needs no login to Placement.
  - Nova reads the file when it starts. A trait that is taken out of the file stays in Placement.
  - Traits of PCI devices are not in here but in C(device_spec), see P(vfio.devices.nova_config#filter), because nova
    replaces those that come from elsewhere.
  - What nova refuses, or does once and then fails at, is refused here, all of it at once.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
  - vfio.devices._plan.root
positional: root
options:
  release:
    description: Release of nova on the host, as V(34), V(2026.2) or V(hibiscus). The oldest with such files is V(22).
    type: str
    required: true
  inventories:
    description:
      - Whether the compute node's provider shall also have the cards of owner V(none), by the resource class of their
        profiles. Nova only counts them there, and gives no guest a device.
      - Not for cards that P(vfio.devices.placement_tree#filter) publishes, because they would be counted twice.
    type: bool
    default: false
seealso:
  - plugin: vfio.devices.placement_tree
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Add traits to the providers of nova
  ansible.builtin.copy:
    content: >-
      {{ profiles | vfio.devices.resolve(ansible_facts.mdev)
         | vfio.devices.provider_config(ansible_facts.fqdn, '2026.2') }}
    dest: /etc/nova/provider_config/vfio-devices.yaml
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text, empty when there is nothing to add.
  type: str
  sample: |
    # Made by vfio.devices for nova-compute. Changes made by hand get lost.
    meta:
      schema_version: '1.0'
    providers:
    - identification:
        name: compute1_pci_0000_84_00_0
      traits:
        additional:
        - CUSTOM_TIER_GOLD
"""

import yaml
from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.vfio.devices.plugins.module_utils._placement import names as _placement_names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import libvirt as _node_devices
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release as _nova_release
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import cards as _plan_cards
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plain import misfit

HEADER = "# Made by vfio.devices for nova-compute. Changes made by hand get lost.\n"


def provider_config(plan, root, release, inventories=False):
    """The text of the file, or ``AnsibleFilterError`` with a sentence for each thing that cannot be."""
    problems = []
    try:
        if _nova_release.number(release) < _nova_release.PROVIDER_CONFIG:
            problems.append(f"nova {release} reads no such files; {_nova_release.PROVIDER_CONFIG} does")
        providers = _of_mdevs(plan, _placement_names.provider_name(root), problems)
        if boolean(inventories):
            providers += _of_root(plan, problems)
    except ValueError as error:
        raise AnsibleFilterError(f"provider_config: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"provider_config needs a plan of vfio.devices.resolve, and a name: {misfit(error)}"
        ) from None
    if problems:
        raise AnsibleFilterError("\n".join(["there is no such provider configuration of nova:", *problems]))
    if not providers:
        return ""
    # Nova takes a schema version without quotes for a number, and stops.
    content = {"meta": {"schema_version": "1.0"}, "providers": providers}
    return HEADER + yaml.safe_dump(content, sort_keys=False)


def _of_mdevs(plan, root, problems):
    """Traits of each provider that nova makes for mediated devices."""
    providers = []
    for card in _plan_cards.known(plan, "nova"):
        if not card["traits"] or not _plan_cards.has_mdevs(card):
            continue
        standard = [name for name in card["traits"] if not _placement_names.is_custom(name)]
        if standard:
            problems.append(
                _plan_cards.of_card(card, f"nova takes custom traits only from a file, and not {', '.join(standard)}")
            )
        for parent in _plan_cards.parents(card):
            name = _placement_names.provider_name(f"{root}_{_node_devices.node_device(parent)}")
            providers.append({"identification": {"name": name}, "traits": {"additional": sorted(card["traits"])}})
    return providers


def _of_root(plan, problems):
    """Inventories of the compute node itself: nova makes them again whenever it reports the node."""
    totals = {}
    for card in _plan_cards.known(plan, "none"):
        name = card["resource_class"]
        if not name:
            problems.append(_plan_cards.of_card(card, "an inventory needs a placement.resource_class"))
        elif not _placement_names.is_custom(name):
            problems.append(
                _plan_cards.of_card(card, f"nova takes custom resource classes only from a file, and not {name}")
            )
        elif card["total"]:
            totals[name] = totals.get(name, 0) + card["total"]
    if not totals:
        return []
    additional = [{name: {"total": totals[name], "max_unit": totals[name]}} for name in sorted(totals)]
    return [{"identification": {"uuid": "$COMPUTE_NODE"}, "inventories": {"additional": additional}}]


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"provider_config": provider_config}
