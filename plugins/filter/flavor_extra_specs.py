# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: flavor_extra_specs
short_description: Name the extra specs of flavors that ask for what a plan has
version_added: 1.0.0
description:
  - Gives for each profile of a plan the extra specs with which a flavor of nova asks for one of its devices.
  - For mediated devices of nova that is a resource class and the traits of the profile, for PCI devices the alias, for
    devices of Cyborg the device profile.
  - Profiles whose devices no flavor can ask for are left out. Those are the ones of owner V(none), PCI devices without
    an alias, which guests may get as ports of neutron, and cards whose devices can only be planned later.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
seealso:
  - plugin: vfio.devices.nova_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Have a flavor for desktops
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
    """The filter of this file."""

    def filters(self):
        return {"flavor_extra_specs": flavor_extra_specs}
