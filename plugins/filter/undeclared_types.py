# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: undeclared_types
short_description: List vGPU types that guests still have, but profiles no longer declare
version_added: 1.0.0
description:
  - Returns the types of devices in use that differ from the declared types of their cards. nova needs the current
    configuration of these types until the guests leave.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
"""

EXAMPLES = r"""
- name: Report types that guests must leave
  ansible.builtin.debug:
    msg: "{{ plan | vfio.devices.undeclared_types }}"
  vars:
    plan: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) }}"
    profiles:
      - {name: desktops, select: "vendor_id == '10de'", vgpu: {type: GRID T4-2B, count: max}}
"""

RETURN = r"""
_value:
  description: Names of the types in C(mdev_supported_types), sorted.
  type: list
  elements: str
  sample: [nvidia-222]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import undeclared_types


class FilterModule:
    """Filter plugin undeclared_types."""

    def filters(self):
        return {"undeclared_types": undeclared_types}
