# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: refused_variables
short_description: Validate all variables of the roles and playbooks of this collection
version_added: 1.0.0
description:
  - Validates the variables of roles and playbooks of this collection on the host, such as C(mdev_timeout) and
    C(placement_publish). Returns a sentence for each invalid variable.
  - An argument spec validates the variables of a role when the role starts. This plugin validates the variables of all
    roles before the first change, and also checks ranges and spellings.
  - Variables with unknown values are skipped. P(vfio.devices.resolve#filter) validates C(vfio_profiles).
  - Without names, a variable whose name is similar to one of this collection causes a warning, such as C(vfio_profile).
options:
  _terms:
    description: Names of the variables to validate. The default is all variables of this collection.
    type: list
    elements: str
author:
  - vfio.devices contributors (@vfio-devices)
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Validate the variables
  ansible.builtin.assert:
    that: refused | length == 0
    fail_msg: "{{ refused | join('\n') }}"
  vars:
    refused: "{{ query('vfio.devices.refused_variables') }}"
"""

RETURN = r"""
_raw:
  description: One sentence for each rejected variable, with its name and value.
  type: list
  elements: str
  sample: ["mdev_timeout must be a number of seconds from 0.1 to 86400, and not 'soon'"]
"""

from ansible.plugins.lookup import LookupBase
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import variable_names
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.variable_checks import evaluate, refusals


class LookupModule(LookupBase):
    """Lookup plugin that validates variables."""

    def run(self, terms, variables=None, **options):
        """Return a sentence for each invalid variable."""
        if not terms:
            variable_names.warn(variables or {})
        asked = {name: value for name, value in (variables or {}).items() if not terms or name in terms}
        return refusals(evaluate(asked, self._templar))
