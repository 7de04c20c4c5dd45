# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: running_users
short_description: List running guests and processes that use devices of a host
version_added: 1.0.0
description:
  - Returns the running users of all physical functions, virtual functions and devices. The role
    P(vfio.devices.iommu#role) does not reboot a host with users.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description: Facts of the host with V(users), C(ansible_facts.mdev).
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.held_cards
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the users
  ansible.builtin.debug:
    msg: "{{ ansible_facts.mdev | vfio.devices.running_users }}"
"""

RETURN = r"""
_value:
  description: Guests by name, and other processes by number.
  type: list
  elements: str
  sample: [guest web1, process 4242]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.cards_in_use import running_users


class FilterModule:
    """Filter plugin running_users."""

    def filters(self):
        return {"running_users": running_users}
