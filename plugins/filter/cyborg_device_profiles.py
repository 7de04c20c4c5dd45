# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cyborg_device_profiles
short_description: Create Cyborg device profiles for the cards of a plan
version_added: 1.0.0
description:
  - Returns the bodies of the requests that create a device profile in Cyborg, one for each profile of owner V(cyborg).
    P(vfio.devices.flavor_extra_specs#filter) returns the flavors that name them.
  - A device profile requests one device by its resource class and its traits. These are the trait that Cyborg gives to
    the card or its type, and the traits of the profile. The role vfio.devices.placement sets the traits of the profile.
  - Rejects names that Cyborg rejects, and profiles whose guests would also get devices of another kind.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description:
      - Plan of P(vfio.devices.resolve#filter), or a list of plans. With several plans, a device profile contains
        only what the cards of all hosts have in common.
    type: raw
    required: true
seealso:
  - plugin: vfio.devices.cyborg_config
    plugin_type: filter
  - plugin: vfio.devices.flavor_extra_specs
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the commands that create the device profiles
  ansible.builtin.debug:
    msg: "openstack accelerator device profile create {{ item.name }} '{{ item.groups | to_json }}'"
  loop: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.cyborg_device_profiles }}"
"""

RETURN = r"""
_value:
  description: Bodies for C(POST /v2/device_profiles), each in its own list.
  type: list
  elements: dict
  sample:
    - name: typed
      groups:
        - {"resources:VGPU": "1", "trait:CUSTOM_NVIDIA_1EB8_T4_2B": required}
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.device_profiles import cyborg_device_profiles


class FilterModule:
    """Filter plugin cyborg_device_profiles."""

    def filters(self):
        return {"cyborg_device_profiles": cyborg_device_profiles}
