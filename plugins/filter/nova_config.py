# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nova_config
short_description: Create the nova configuration from the plan of a host
version_added: 1.0.0
description:
  - Converts the plan of a host to the text of a file for C(/etc/nova/nova.conf.d), with all cards of owner V(nova).
  - Mediated devices are in C([devices]) and one section for each type, with the addresses of their parents. PCI
    functions and vGPUs of the vendor-specific framework are in C([pci]) C(device_spec), and C(alias) where the profile
    has one.
  - Rejects configurations that prevent nova from starting, or that nova silently ignores. The error lists all of them,
    each with its profile and card.
  - Cards whose devices are planned later are skipped. The text depends only on the input.
author:
  - vfio.devices contributors (@vfio-devices)
positional: release
options:
  _input:
    description:
      - The plan of the host, as P(vfio.devices.resolve#filter) returns it.
      - If O(service=api), it may be a list of plans.
    type: raw
    required: true
  release:
    description:
      - nova release of the host, such as V(34), V(2026.2) or V(hibiscus). The oldest is V(21).
      - Releases after V(34) are handled like V(34).
    type: str
    required: true
  report_in_placement:
    description:
      - Whether nova-compute reports PCI devices to Placement. Resource classes and traits of PCI devices require this.
      - After its first report, nova-compute requires this option to start.
    type: bool
    default: false
  pci_in_placement:
    description:
      - Whether the scheduler requests PCI devices from Placement. An alias then requests the resource class of its
        profile if it has one. First set O(report_in_placement) on all hosts.
    type: bool
    default: false
  service:
    description:
      - V(compute) returns all settings of the host. V(api) returns the aliases of all hosts, and C([filter_scheduler]),
        which nova-api and nova-scheduler need.
    type: str
    choices: [compute, api]
    default: compute
  libvirt:
    description:
      - Version of libvirt on the host, as V(11.3.0). Releases before 24.2 do not find the mediated devices of libvirt
        7.7 and later. The default is a version that the release knows.
    type: str
  post_copy:
    description:
      - Whether nova permits post-copy for live migrations. Cards with C(nova.live_migratable) are then rejected.
    type: bool
    default: false
  present:
    description:
      - Current text of the nova configuration. If guests have devices of a type that no profile declares, the resource
        class and limit of this type are copied from this text.
    type: str
    default: ""
  others:
    description:
      - Options of devices that other files of nova set, as the module M(vfio.devices.service_settings_info) returns
        them. Rejects options with which nova assigns other devices than the profiles declare, or no longer assigns
        devices that only these files declare.
    type: list
    elements: dict
    default: []
  cyborg_gpus:
    description:
      - File in which a cyborg-agent of the host enables its driver for NVIDIA GPUs, as the module
        M(vfio.devices.service_settings_info) returns it. NVIDIA GPUs with the owner V(nova) are then rejected.
    type: str
    default: ""
  started:
    description:
      - Result of the module M(vfio.devices.service_settings_info). O(libvirt), O(post_copy), O(others) and
        O(cyborg_gpus) are taken from it unless they are set. The result of a skipped task has no effect.
    type: dict
    default: {}
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
  - plugin: vfio.devices.flavor_extra_specs
    plugin_type: filter
  - plugin: vfio.devices.provider_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the nova-compute configuration
  ansible.builtin.copy:
    content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.nova_config('2026.2') }}"
    dest: /etc/nova/nova.conf.d/50-vfio-devices.conf
    mode: "0644"

- name: Show the aliases of several plans
  ansible.builtin.debug:
    msg: "{{ [plan, other_plan] | vfio.devices.nova_config('2026.2', service='api') }}"
"""

RETURN = r"""
_value:
  description: The text, empty without settings for nova.
  type: str
  sample: |
    # Managed by vfio.devices.nova_config. Manual changes are overwritten.

    [devices]
    enabled_mdev_types = nvidia-35

    [mdev_nvidia-35]
    device_addresses = 0000:84:00.0,0000:85:00.0
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova import nova_config


class FilterModule:
    """Filter plugin nova_config."""

    def filters(self):
        return {"nova_config": nova_config}
