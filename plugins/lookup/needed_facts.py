# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: needed_facts
short_description: List the parts of the facts that the roles of this collection need on a host
version_added: 1.0.0
description:
  - Returns the parts of the facts that the variables of the host require. Users of devices, MIG and serial numbers take
    longer to read, so they are listed only if a role or profile needs them.
options:
  _terms:
    description: Must be empty.
    type: list
    elements: str
author:
  - vfio.devices contributors (@vfio-devices)
seealso:
  - module: vfio.devices.mdev_facts
"""

EXAMPLES = r"""
- name: Gather the facts that the profiles need
  vfio.devices.mdev_facts:
    gather: "{{ query('vfio.devices.needed_facts') }}"
  vars:
    vfio_profiles:
      - {name: ports, select: "class == '0200' && numa_node == `1`", mode: vf, num_vfs: 8}
"""

RETURN = r"""
_raw:
  description: Values of O(vfio.devices.mdev_facts#module:gather).
  type: list
  elements: str
  sample: [physical_functions, parents, devices, iommu, mdevctl, users]
"""

from ansible.plugins.lookup import LookupBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.plugins.plugin_utils._site.stages import parts_of_facts


class LookupModule(LookupBase):
    """Lookup plugin that lists parts of the facts."""

    def run(self, terms, variables=None, **options):
        """Return the parts."""
        return parts_of_facts(Variables(self._templar, variables or {}))
