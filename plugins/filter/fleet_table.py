# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_table
short_description: Show the devices of many hosts as a table
version_added: 1.0.0
description:
  - Converts the facts of vfio.devices.mdev_facts to the lines of a table with one row for each card of each host.
  - Free and maximum numbers are those of the card. If a card has its devices on virtual functions, the number that its
    driver reports for the GPU limits the sum of the virtual functions. A question mark means that the driver does not
    report the maximum.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description: RV(vfio.devices.mdev_facts#module:ansible_facts.mdev) of each host, by the name of the host.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.mdev_facts
    plugin_type: module
"""

EXAMPLES = r"""
- name: Show what this host can share
  ansible.builtin.debug:
    msg: "{{ {inventory_hostname: ansible_facts.mdev} | vfio.devices.fleet_table }}"
"""

RETURN = r"""
_value:
  description: The lines of the table, starting with its heading.
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.table import fleet_table


class FilterModule:
    """Filter plugin fleet_table."""

    def filters(self):
        return {"fleet_table": fleet_table}
