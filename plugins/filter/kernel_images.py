# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: kernel_images
short_description: Find the kernels of a host by version
version_added: 1.0.0
description:
  - Returns the file of each kernel. A kernel in its module directory takes precedence over its copy in C(/boot).
author:
  - vfio.devices contributors (@vfio-devices)
positional: root
options:
  _input:
    description: Paths of files in C(/boot) and in the module directories.
    type: list
    elements: str
    required: true
  root:
    description: Directory before each path, which the result omits.
    type: str
    default: ""
seealso:
  - plugin: vfio.devices.boot_loader
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the kernels
  ansible.builtin.debug:
    msg: "{{ ['/boot/vmlinuz-6.12.1', '/usr/lib/modules/6.12.1/vmlinuz'] | vfio.devices.kernel_images }}"
"""

RETURN = r"""
_value:
  description: The path of each kernel by version.
  type: dict
  sample: {"6.12.1": "/usr/lib/modules/6.12.1/vmlinuz"}
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.boot_loader import kernel_images


class FilterModule:
    """Filter plugin kernel_images."""

    def filters(self):
        return {"kernel_images": kernel_images}
