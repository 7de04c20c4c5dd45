# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: lost_connection
short_description: Find out whether the connection to a host was lost during a playbook of this collection
version_added: 1.0.0
description:
  - Returns a sentence for each task of the roles that could not reach the host. Empty if the host was always reachable.
  - Ansible ends a playbook if all hosts of a batch are unreachable. The playbooks of this collection ignore the state
    unreachable instead, and no other task may run on the host.
options:
  _terms:
    description: Must be empty.
    type: list
    elements: str
  fail:
    description: Whether to fail instead of returning sentences.
    type: bool
    default: false
author:
  - vfio.devices contributors (@vfio-devices)
"""

EXAMPLES = r"""
- name: Work on the host
  when: query('vfio.devices.lost_connection', fail=true) | length == 0
  ignore_unreachable: true
  block:
    - name: Apply modes and devices
      ansible.builtin.import_role:
        name: vfio.devices.sriov
"""

RETURN = r"""
_raw:
  description: The sentences.
  type: list
  elements: str
  sample: ["The host is unreachable: Failed to connect to the host via ssh"]
"""

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.lost_connection import lost_connections


class LookupModule(LookupBase):
    """Lookup plugin that finds lost connections."""

    def run(self, terms, variables=None, **options):
        """Return the sentences, or raise AnsibleError with the first one."""
        found = lost_connections(variables or {})
        if found and options.get("fail"):
            raise AnsibleError(found[0])
        return found
