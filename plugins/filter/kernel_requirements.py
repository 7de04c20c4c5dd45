# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: kernel_requirements
short_description: Find what planned cards require from the kernel of a host
version_added: 1.0.0
description:
  - Compares the kernel arguments and VFIO drivers that the cards of a plan require with those of the host. The role
    P(vfio.devices.iommu#role) uses the result.
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
  arguments:
    description: Further kernel arguments that the host requires.
    type: list
    elements: str
    default: []
  passthrough:
    description: Whether devices of the host bypass the IOMMU, with C(iommu=pt).
    type: bool
    default: true
  host:
    description: Name of the host for RV(_value.problem).
    type: str
    default: The host
  bootloader:
    description:
      - How the kernel arguments are configured, as in the variable C(iommu_bootloader). If V(none), the user configures
        them.
    type: str
    default: auto
seealso:
  - plugin: vfio.devices.boot_loader
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report why the host must reboot
  ansible.builtin.debug:
    msg: "{{ required.reasons | join(' and ') or 'nothing' }}"
  vars:
    required: "{{ plan | vfio.devices.kernel_requirements(ansible_facts.mdev) }}"
    plan: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) }}"
    profiles:
      - {name: ports, select: "class == '0200' && numa_node == `1`", mode: vf, num_vfs: 8}
"""

RETURN = r"""
_value:
  description: The requirements, and what the host lacks.
  type: dict
  contains:
    cards:
      description: Names of the cards that require an IOMMU.
      type: list
      elements: str
    arguments:
      description: The required kernel arguments.
      type: list
      elements: str
    drivers:
      description: The required VFIO drivers.
      type: list
      elements: str
    switched_off:
      description: The current kernel arguments that disable the IOMMU.
      type: list
      elements: str
    lacks:
      description: The missing C(arguments) and C(drivers), and the cards that have the driver C(nouveau).
      type: dict
    reasons:
      description: What the host must reboot for.
      type: list
      elements: str
      sample: ["apply intel_iommu=on iommu=pt"]
    waiting:
      description: Names of the cards that cannot be configured before the reboot.
      type: list
      elements: str
    details:
      description: Sentences about the reboot.
      type: list
      elements: str
      sample: ["Its kernel was started without intel_iommu=on iommu=pt."]
    manual:
      description: The missing kernel arguments that the user must configure.
      type: list
      elements: str
    remedy:
      description: How to apply what the host lacks with a reboot. Empty if no reboot is required.
      type: str
      sample: Run site, reboot this host, then run site again.
    problem:
      description: Why the host has no IOMMU, and cannot get one by a reboot. Otherwise empty.
      type: str
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.kernel import kernel_requirements


class FilterModule:
    """Filter plugin kernel_requirements."""

    def filters(self):
        return {"kernel_requirements": kernel_requirements}
