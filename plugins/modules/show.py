#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: show
short_description: Print text without changes
version_added: 1.0.0
description:
  - Prints text on the console of the controller, line by line, so that it can be copied.
  - The module C(ansible.builtin.debug) prints it as JSON or YAML with quotes.
  - This action runs on the controller, once for all hosts of the batch if C(run_once) is set.
author:
  - vfio.devices contributors (@vfio-devices)
attributes:
  check_mode:
    description: Can run in check mode and report what it would change without changing anything.
    support: full
  diff_mode:
    description: Can report what changed, or in check mode what would change, in diff format.
    support: none
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
options:
  text:
    description: The text, or its lines.
    type: raw
    required: true
seealso:
  - plugin: vfio.devices.suggest_profiles
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show a suggested declaration
  vfio.devices.show:
    text: "{{ {inventory_hostname: ansible_facts.mdev} | vfio.devices.suggest_profiles }}"
"""

RETURN = r"""
text:
  description: The printed text.
  returned: always
  type: str
"""
