# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: boot_loader
short_description: Find the boot loader of a host
version_added: 1.0.0
description:
  - Finds the boot loader that starts the host, from the programs and files of the host and its kernel arguments. The
    role P(vfio.devices.iommu#role) uses the result.
author:
  - vfio.devices contributors (@vfio-devices)
positional: files, kernel_arguments, choice
options:
  _input:
    description: Names of the programs of the host, such as C(update-grub).
    type: list
    elements: str
    required: true
  files:
    description: Names of the files in C(/etc/kernel).
    type: list
    elements: str
    required: true
  kernel_arguments:
    description: Current kernel arguments.
    type: list
    elements: str
    required: true
  choice:
    description: The boot loader, or V(auto) to detect it.
    type: str
    default: auto
seealso:
  - plugin: vfio.devices.kernel_requirements
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the boot loader
  ansible.builtin.debug:
    msg: "{{ ['update-grub'] | vfio.devices.boot_loader([], ansible_facts.mdev.iommu.kernel_arguments) }}"
"""

RETURN = r"""
_value:
  description: The boot loader.
  type: dict
  contains:
    name:
      description: One of V(grub), V(grubby), V(systemd-boot), V(unknown), or O(choice).
      type: str
    is_proxmox:
      description: Whether C(proxmox-boot-tool) copies kernels and their arguments to boot partitions.
      type: bool
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.boot_loader import boot_loader


class FilterModule:
    """Filter plugin boot_loader."""

    def filters(self):
        return {"boot_loader": boot_loader}
