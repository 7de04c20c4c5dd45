# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: flavor_extra_specs
short_description: Create flavor extra specs for the devices of a plan
version_added: 1.0.0
description:
  - Returns the extra specs of a nova flavor for one device of each profile of a plan.
  - For mediated devices of nova, they contain a resource class and the traits of the profile. For PCI devices, they
    contain the alias, and for Cyborg devices the device profile.
  - Profiles without requestable devices are skipped. These are profiles of owner V(none), PCI devices without an alias,
    which guests may get as neutron ports, and cards whose devices are planned later.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
seealso:
  - plugin: vfio.devices.nova_config
    plugin_type: filter
  - plugin: vfio.devices.cyborg_device_profiles
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Create a flavor for desktops
  openstack.cloud.compute_flavor:
    cloud: mycloud
    name: desktop
    vcpus: 4
    ram: 8192
    disk: 40
    extra_specs: "{{ (profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.flavor_extra_specs)['t4'] }}"
"""

RETURN = r"""
_value:
  description: Extra specs by the name of the profile.
  type: dict
  sample:
    t4: {"resources:VGPU": "1", "trait:CUSTOM_TIER_GOLD": required}
    ports: {"pci_passthrough:alias": "nfv:1"}
    accelerators: {"accel:device_profile": accelerators}
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.flavors import flavor_extra_specs


class FilterModule:
    """Filter plugin flavor_extra_specs."""

    def filters(self):
        return {"flavor_extra_specs": flavor_extra_specs}
