# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_report
short_description: Show the devices of many hosts as a page for the browser
version_added: 1.0.0
description:
  - Creates one HTML page for all hosts. The page shows errors and drift first, then the amounts in use, reserved and
    free. Each host follows with its cards by NUMA node, their virtual functions, types, devices and users.
  - If O(profiles) is set, the page lists differences from the profiles. If O(placement) is set, it shows the providers
    of each card in OpenStack Placement, and differences from the hosts.
  - The page is one file without network requests. It has a filter, follows the dark or light mode of the
    browser, and can be printed.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description:
      - RV(vfio.devices.mdev_facts#module:ansible_facts.mdev) of each host, by the name of the host, with V(users). If
        the value is null, the page shows the host as unreachable.
    type: dict
    required: true
  profiles:
    description:
      - The profiles of each host, by the name of the host, as P(vfio.devices.resolve#filter) takes them. The page lists
        profiles that do not fit their host.
    type: dict
    default: {}
  placement:
    description:
      - Result of M(vfio.devices.placement_inventory_info) for the providers of all hosts, or a list of the results of
        several clouds. The page shows a failed result as a warning.
    type: raw
  roots:
    description:
      - Names of the hosts' providers in Placement, by the name of the host. The default is the name of the host.
      - A host with an empty name is not compared with Placement.
    type: dict
    default: {}
  title:
    description: Title of the page.
    type: str
    default: VFIO devices
  time:
    description: Time of the facts, as text for the page.
    type: str
  output:
    description:
      - V(page) is the page, V(summary) a dictionary with its numbers. V(csv) and V(json) have a row for each card.
      - V(all) is a dictionary with all of them, and builds the report only once.
    type: str
    choices: [page, summary, csv, json, all]
    default: page
  groups:
    description: Names of the groups of each host, by the name of the host. The page can be filtered by them.
    type: dict
    default: {}
seealso:
  - plugin: vfio.devices.fleet_table
    plugin_type: filter
  - plugin: vfio.devices.mdev_facts
    plugin_type: module
  - plugin: vfio.devices.placement_inventory_info
    plugin_type: module
"""

EXAMPLES = r"""
- name: Read the users of the devices
  vfio.devices.mdev_facts:
    gather: [physical_functions, parents, devices, iommu, users]

- name: Write a page about this host
  ansible.builtin.copy:
    content: "{{ {inventory_hostname: ansible_facts.mdev} | vfio.devices.fleet_report }}"
    dest: /tmp/report.html
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description:
    - The page as text, or with O(output=summary) its numbers. V(problems) and V(drift) are the numbers of warnings.
  type: raw
  sample:
    {hosts: 8, cards: 27, guests: 2, used: 2, reserved: 0, free: 61, problems: 1, drift: 0, hosts_with_findings: 1}
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.report import fleet_report


class FilterModule:
    """Filter plugin fleet_report."""

    def filters(self):
        return {"fleet_report": fleet_report}
