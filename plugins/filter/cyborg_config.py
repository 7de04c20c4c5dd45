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

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.cyborg import cyborg_config


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"cyborg_config": cyborg_config}
