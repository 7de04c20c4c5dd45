# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nova_config
short_description: Make the settings of nova from the plan of a host
version_added: 1.0.0
description:
  - Turns the plan of a host into the text of a file for C(/etc/nova/nova.conf.d). It has all cards of owner V(nova).
  - Mediated devices are in C([devices]) and one section for each type, with the addresses of their parents. PCI
    functions and vGPUs of the vendor-specific framework are in C([pci]) C(device_spec), and C(alias) where the profile
    has one.
  - What stops nova, or what nova takes and then passes over without a word, is refused here, all of it at once, each
    with its profile and card.
  - Cards whose devices can only be planned later are left out. The text follows from its input alone.
author:
  - vfio.devices contributors (@vfio-devices)
positional: release
options:
  _input:
    description:
      - The plan of the host, as P(vfio.devices.resolve#filter) returns it.
      - With O(service=api) it may be a list of plans.
    type: raw
    required: true
  release:
    description:
      - Release of nova on the host, as V(34), V(2026.2) or V(hibiscus). The oldest is V(21).
      - Releases after V(34) are taken to know what V(34) knows.
    type: str
    required: true
  report_in_placement:
    description:
      - Whether nova-compute reports PCI devices to Placement. Resource classes and traits of PCI devices come in only
        then.
      - Once a host reports its devices, nova-compute does not start without it any more.
    type: bool
    default: false
  pci_in_placement:
    description:
      - Whether the scheduler asks Placement for PCI devices. An alias then asks for the resource class of its profile
        if it has one. All hosts need O(report_in_placement) before.
    type: bool
    default: false
  service:
    description:
      - For V(compute) all settings of the host. For V(api) the aliases of all hosts, and C([filter_scheduler]), which
        nova-api and nova-scheduler need.
    type: str
    choices: [compute, api]
    default: compute
  libvirt:
    description:
      - Version of libvirt on the host, as V(11.3.0). Releases before 24.2 do not find the mediated devices of libvirt
        7.7 and later. The default is a version that the release knows.
    type: str
  present:
    description:
      - Text that nova has now. If guests still have devices of a type that no profile declares any more, its resource
        class and limit stay as they are here.
    type: str
    default: ""
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
  - plugin: vfio.devices.flavor_extra_specs
    plugin_type: filter
  - plugin: vfio.devices.provider_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the settings of nova-compute
  ansible.builtin.copy:
    content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.nova_config('2026.2') }}"
    dest: /etc/nova/nova.conf.d/50-vfio-devices.conf
    mode: "0644"

- name: Show the aliases of several plans, for nova-api and nova-scheduler
  ansible.builtin.debug:
    msg: "{{ [plan, other_plan] | vfio.devices.nova_config('2026.2', service='api') }}"
"""

RETURN = r"""
_value:
  description: The text, empty when there is nothing for nova.
  type: str
  sample: |
    # Settings of nova, made by vfio.devices. Changes made by hand get lost.

    [devices]
    enabled_mdev_types = nvidia-35

    [mdev_nvidia-35]
    device_addresses = 0000:84:00.0,0000:85:00.0
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova import nova_config


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"nova_config": nova_config}
