# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: planned_files
short_description: List the files that the roles of this collection write on a host
version_added: 1.0.0
description:
  - Returns the files that the roles would write for C(vfio_plan), from the variables of the host. The playbooks check
    before the first change that no other program wrote them.
options:
  _terms:
    description:
      - Roles whose settings files are returned. The default is all files of the host.
    type: list
    elements: str
    choices: [nova_config, cyborg_config]
author:
  - vfio.devices contributors (@vfio-devices)
seealso:
  - module: vfio.devices.managed_files
"""

EXAMPLES = r"""
- name: Check for files of other programs
  vfio.devices.managed_files:
    files: "{{ query('vfio.devices.planned_files') }}"
  check_mode: true
  vars:
    vfio_plan: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) }}"
    profiles:
      - {name: ports, select: "class == '0200' && numa_node == `1`", mode: vf, num_vfs: 8}
"""

RETURN = r"""
_raw:
  description: One entry for each file, as the option O(vfio.devices.managed_files#module:files) takes it.
  type: list
  elements: dict
"""

from ansible.plugins.lookup import LookupBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.planned_files import planned_files
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables


class LookupModule(LookupBase):
    """Lookup plugin that lists files."""

    def run(self, terms, variables=None, **options):
        """Return the files."""
        return planned_files(Variables(self._templar, variables or {}), terms)
