#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: placement_inventory_info
short_description: Read provider trees from OpenStack Placement
version_added: 1.0.0
description:
  - Returns the trees of some compute nodes, with inventories, traits and usages, in the format of
    M(vfio.devices.placement_inventory).
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.info
  - vfio.devices._attributes.openstack
  - vfio.devices._placement
options:
  roots:
    description:
      - Names or UUIDs of providers, usually those of compute nodes. The module reads the complete tree of each
        provider.
    type: list
    elements: str
    required: true
  usages:
    description: Whether to read usages, with one more request for each provider.
    type: bool
    default: true
seealso:
  - module: vfio.devices.placement_inventory
"""

EXAMPLES = r"""
- name: Read what a host offers
  vfio.devices.placement_inventory_info:
    cloud: mycloud
    roots: [compute1.example.com]
  delegate_to: localhost
  register: offered

- name: Show what is in use
  ansible.builtin.debug:
    msg: "{{ offered.usages }}"
"""

RETURN = r"""
providers:
  description: All providers of the trees, each tree with its root first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the provider.
      type: str
      sample: compute1.example.com_vfio_0000:41:00.0
    uuid:
      description: UUID of the provider.
      type: str
      sample: 0ff9b28c-c1e6-5a0f-b7ab-2a0c1a5c92f6
    parent:
      description: Name of the parent provider, or null for a root.
      type: str
      sample: compute1.example.com
    inventories:
      description: The six fields of each inventory, by resource class.
      type: dict
      sample:
        CUSTOM_NIC_VF: {total: 8, reserved: 0, min_unit: 1, max_unit: 8, step_size: 1, allocation_ratio: 1.0}
    traits:
      description: Names of its traits.
      type: list
      elements: str
      sample: [CUSTOM_NUMA_1, CUSTOM_OWNER_VFIO_DEVICES, HW_NIC_SRIOV]
owners:
  description:
    - Owner of each provider by name, derived from its traits. V(vfio.devices), V(nova), V(cyborg), or null without such
      a trait.
  returned: success
  type: dict
  sample: {compute1.example.com: nova}
usages:
  description: Amount in use, by name of the provider and by resource class. Empty without O(usages).
  returned: success
  type: dict
  sample:
    compute1.example.com_vfio_0000:41:00.0: {CUSTOM_NIC_VF: 3}
missing:
  description: Roots that do not exist.
  returned: success
  type: list
  elements: str
calls:
  description: Number of HTTP requests to Placement.
  returned: success
  type: int
  sample: 20
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._placement import client, wanted
from ansible_collections.vfio.devices.plugins.module_utils._placement.describe import describe
from ansible_collections.vfio.devices.plugins.module_utils._placement.options import (
    ARGUMENT_SPEC,
    check_options,
    hidden_values,
)
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec=dict(
            ARGUMENT_SPEC,
            roots={"type": "list", "elements": "str", "required": True},
            usages={"type": "bool", "default": True},
        ),
        supports_check_mode=True,
        no_log=True,  # the system log would contain the passwords of a dictionary in cloud
    )
    options = module.params
    module.no_log_values = hidden_values(options, module.no_log_values)

    def work():
        problems = []
        check_options(options, problems)
        if problems:
            raise Refused(problems)
        roots = wanted.parse_references(options["roots"], "roots")
        placement = client.connect(options)
        return dict(describe(placement, roots, options["usages"]), changed=False), ()

    run(module, work, unchanged=None)


if __name__ == "__main__":
    main()
