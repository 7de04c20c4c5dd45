# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: differing_cards
short_description: List the cards that differ from their profiles
version_added: 1.0.0
description:
  - Finds in the results of vfio.devices.sriov_pf_mode and vfio.devices.mdev_instance the cards that differ from the
    desired state, including cards in use. The results are those of check mode with
    O(vfio.devices.mdev_instance#module:on_busy=skip).
  - Cards whose devices are planned later also differ.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
positional: results
options:
  results:
    description: Registered results. Skipped results are ignored.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Compare devices in check mode
  vfio.devices.mdev_instance:
    instances: "{{ plan.instances }}"
    exact: true
    on_busy: skip
  check_mode: true
  register: devices

- name: Name the cards
  ansible.builtin.debug:
    msg: "{{ plan | vfio.devices.differing_cards([devices]) }}"
"""

RETURN = r"""
_value:
  description: Names of cards, in the order of the plan.
  type: list
  elements: str
  sample: ["0000:3b:00.0"]
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._report.check_mode import differing_cards


class FilterModule:
    """Filter plugin differing_cards."""

    def filters(self):
        return {"differing_cards": differing_cards}
