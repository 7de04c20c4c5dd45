# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mdevctl_requirements
short_description: Find what planned mediated devices require from mdevctl
version_added: 1.0.0
description:
  - Compares the mediated devices of a plan with the program mdevctl and its udev rule on the host. The role
    P(vfio.devices.mdev#role) uses the result.
author:
  - vfio.devices contributors (@vfio-devices)
positional: facts
options:
  _input:
    description: Plan of the host, the result of P(vfio.devices.resolve#filter).
    type: dict
    required: true
  facts:
    description: Facts of the host, C(ansible_facts.mdev).
    type: dict
    required: true
  packages:
    description: Packages with mdevctl that may be installed.
    type: list
    elements: str
    default: []
  root:
    description: Root of the host's file system.
    type: str
    default: /
  host:
    description: Name of the host for the warning.
    type: str
    default: The host
seealso:
  - plugin: vfio.devices.kernel_requirements
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Warn about missing mdevctl
  ansible.builtin.debug:
    msg: "{{ required.warning or 'mdevctl works' }}"
  vars:
    required: "{{ plan | vfio.devices.mdevctl_requirements(ansible_facts.mdev, host=inventory_hostname) }}"
    plan: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) }}"
    profiles:
      - {name: desktops, select: "vendor_id == '10de'", vgpu: {type: GRID T4-2B, count: max}}
"""

RETURN = r"""
_value:
  description: The requirements, and what the host lacks.
  type: dict
  contains:
    is_needed:
      description: Whether planned cards have mediated devices, and no udev rule starts them at boot.
      type: bool
    is_installable:
      description: Whether mdevctl is missing and can be installed.
      type: bool
    has_broken_rule:
      description: Whether the udev rule calls a missing program, while another one is installed.
      type: bool
    warning:
      description: Warning for the operator. Empty if the operator has nothing to do.
      type: str
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.mdevctl import mdevctl_requirements


class FilterModule:
    """Filter plugin mdevctl_requirements."""

    def filters(self):
        return {"mdevctl_requirements": mdevctl_requirements}
