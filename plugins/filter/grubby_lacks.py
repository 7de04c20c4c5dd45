# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: grubby_lacks
short_description: Find out whether grubby must add kernel arguments
version_added: 1.0.0
description:
  - Compares the kernel arguments of all boot entries with the required ones.
author:
  - vfio.devices contributors (@vfio-devices)
positional: arguments
options:
  _input:
    description: Output of C(grubby --info=ALL).
    type: str
    required: true
  arguments:
    description: The required kernel arguments.
    type: list
    elements: str
    required: true
seealso:
  - plugin: vfio.devices.kernel_requirements
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the boot entries
  ansible.builtin.assert:
    that: not entries | vfio.devices.grubby_lacks(['iommu=pt'])
  vars:
    entries: |
      index=0
      args="ro quiet iommu=pt"
"""

RETURN = r"""
_value:
  description: Whether a boot entry lacks an argument, or no entry is known.
  type: bool
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.boot_loader import grubby_lacks


class FilterModule:
    """Filter plugin grubby_lacks."""

    def filters(self):
        return {"grubby_lacks": grubby_lacks}
