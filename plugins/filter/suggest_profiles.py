# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: suggest_profiles
short_description: Write a declaration for the cards of a fleet
version_added: 1.0.0
description:
  - Returns a first version of C(vfio_profiles) as YAML text. It contains one profile for each model. Comments list the
    hosts with this model, and the other possible types. Profiles of cards that guests rarely get, and of
    network cards without virtual functions, are comments themselves.
  - The declaration is valid. Check that it matches the needs of your guests.
author:
  - vfio.devices contributors (@vfio-devices)
options:
  _input:
    description:
      - RV(vfio.devices.mdev_facts#module:ansible_facts.mdev) of each host, by the name of the host. If the facts
        contain the part V(models), the comments contain the names of the models.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.mdev_facts
    plugin_type: module
  - plugin: vfio.devices.resolve
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Save a suggested declaration
  ansible.builtin.copy:
    content: "{{ {inventory_hostname: ansible_facts.mdev} | vfio.devices.suggest_profiles }}"
    dest: /tmp/vfio_profiles.yml
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
  sample: |-
    vfio_profiles:

      # 2 x Tesla T4 (10de:1eb8) on gpu1
      - name: tesla-t4
        select: vendor_id == '10de' && product_id == '1eb8'
        owner: none
        vgpu: {type: "GRID T4-2Q"}
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.suggest import suggest_profiles


class FilterModule:
    """Filter plugin suggest_profiles."""

    def filters(self):
        return {"suggest_profiles": suggest_profiles}
