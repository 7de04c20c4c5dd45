# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cyborg_config
short_description: Create the cyborg-agent configuration from the plan of a host
version_added: 1.0.0
description:
  - Converts the plan of a host to the text of a file for C(/etc/cyborg/cyborg.conf.d), with all cards of owner
    V(cyborg). Each vGPU type has the addresses of its cards. Cyborg manages a card without a type as a complete GPU.
  - cyborg-agent supports C(filter_sriov_vfs) since release 17. Older releases also assign each virtual function of a
    GPU.
  - Rejects configurations that prevent cyborg-agent from starting, or that make it report other cards than the plan.
    The error lists all of them, each with its profile and card.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
options:
  drivers:
    description:
      - Additional cyborg-agent drivers of the host. C(enabled_drivers) in this file replaces the values of other files.
    type: list
    elements: str
    default: []
  nova_release:
    description:
      - nova release of the host. By default the host has no nova. Before V(34) nova starts guests without the vGPU that
        Cyborg has assigned, so vGPUs are rejected.
    type: str
  started:
    description:
      - Result of M(vfio.devices.service_settings_info) for cyborg-agent. Drivers of other files that are not in
        O(drivers) are rejected, because cyborg-agent would lose them.
    type: dict
    default: {}
seealso:
  - plugin: vfio.devices.nova_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the cyborg-agent configuration
  ansible.builtin.copy:
    content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.cyborg_config }}"
    dest: /etc/cyborg/cyborg.conf.d/50-vfio-devices.conf
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text, empty without settings for Cyborg.
  type: str
  sample: |
    # Managed by vfio.devices.cyborg_config. Manual changes are overwritten.

    [agent]
    enabled_drivers = nvidia_gpu_driver

    [gpu_devices]
    filter_sriov_vfs = true
    enabled_vgpu_types = nvidia-223

    [vgpu_nvidia-223]
    device_addresses = 0000:af:00.0
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.cyborg import cyborg_config


class FilterModule:
    """Filter plugin cyborg_config."""

    def filters(self):
        return {"cyborg_config": cyborg_config}
