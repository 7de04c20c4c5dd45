# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: provider_config
short_description: Create a nova provider configuration from the plan of a host
version_added: 1.0.0
description:
  - Converts the plan of a host to the text of a file for C(/etc/nova/provider_config). From this file nova-compute adds
    the custom traits of a profile to the providers of its mediated devices. No login to Placement is needed.
  - Nova reads the file when it starts. A trait that is removed from the file remains in Placement.
  - Traits of PCI devices are in C(device_spec), see P(vfio.devices.nova_config#filter), because nova replaces traits
    from other sources.
  - Rejects configurations that nova rejects at its first or second start. The error lists all of them.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
  - vfio.devices._plan.root
positional: root
options:
  release:
    description: nova release of the host, such as V(34), V(2026.2) or V(hibiscus). The oldest with such files is V(22).
    type: str
    required: true
  inventories:
    description:
      - Whether the compute node's provider also contains the cards of owner V(none), by the resource class of their
        profiles. Nova only counts them, and assigns no device to a guest.
      - Do not use it for cards that P(vfio.devices.placement_tree#filter) publishes, because they would be counted
        twice.
    type: bool
    default: false
  path:
    description: Absolute path of the file. Rejected if the service does not read a file at this path.
    type: str
    default: ""
  service:
    description:
      - Result of M(vfio.devices.service_settings_info) for nova-compute, with the other files that it reads. Rejects
        files that stop nova-compute, providers that two files list, and traits and inventories with which guests get
        other devices than the profiles declare.
    type: dict
    default: {}
  report_in_placement:
    description: Same as for P(vfio.devices.nova_config#filter). Only for the check of other files.
    type: bool
    default: false
  pci_in_placement:
    description: Same as for P(vfio.devices.nova_config#filter). Only for the check of other files.
    type: bool
    default: false
  written:
    description: Whether the file is written. If V(false), only other files are checked.
    type: bool
    default: true
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
    dest: /etc/nova/provider_config/traits.yaml
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text, empty if there is nothing to add.
  type: str
  sample: |
    # Managed by vfio.devices.provider_config. Manual changes are overwritten.
    meta:
      schema_version: '1.0'
    providers:
    - identification:
        name: compute1_pci_0000_84_00_0
      traits:
        additional:
        - CUSTOM_TIER_GOLD
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_provider_config import provider_config


class FilterModule:
    """Filter plugin provider_config."""

    def filters(self):
        return {"provider_config": provider_config}
