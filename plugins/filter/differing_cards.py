# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: differing_cards
short_description: Name the cards that are not as their profiles say
version_added: 1.0.0
description:
  - Finds in the results of vfio.devices.sriov_pf_mode and vfio.devices.mdev_instance the cards that differ from what is
    wanted, those in use included. The results are those of check mode with
    O(vfio.devices.mdev_instance#module:on_busy=skip).
  - Cards whose devices can only be planned later differ too.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._plan
positional: results
options:
  results:
    description: Registered results. One that was skipped is left out.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: See what would change
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

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plain import misfit


def differing_cards(plan, results):
    """The names of the plan's cards that the results of check mode are about."""
    try:
        touched = {name for result in results if not result.get("skipped") for name in _touched(result)}
        touched.update(entry["name"] for entry in plan["later"])
        return [card["name"] for card in plan["cards"] if touched & set(_names(card))]
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"differing_cards takes a plan and a list of results: {misfit(error)}") from None


def _touched(result):
    """Names of cards, parents and devices that are not as they shall be."""
    before, after = result["diff"]["before"], result["diff"]["after"]
    yield from (name for name in {**before, **after} if before.get(name) != after.get(name))
    yield from (function["pf"] for function in result.get("functions", []) if function["busy"])
    yield from (device["parent"] for device in result.get("busy", []))


def _names(card):
    return [card["name"], *card["virtual_functions"], *(parent["name"] for parent in card["parents"])]


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"differing_cards": differing_cards}
