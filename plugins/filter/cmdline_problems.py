# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cmdline_problems
short_description: Find why kernel arguments cannot be added for systemd-boot
version_added: 1.0.0
description:
  - Validates the file with the kernel arguments for systemd-boot, and the programs that write the boot entries. The
    role P(vfio.devices.iommu#role) fails with the result.
author:
  - vfio.devices contributors (@vfio-devices)
positional: path, host, images, programs, is_proxmox
options:
  _input:
    description: Text of the file.
    type: str
    required: true
  path:
    description: Path of the file for messages, such as C(/etc/kernel/cmdline).
    type: str
    required: true
  host:
    description: Name of the host for messages.
    type: str
    required: true
  images:
    description: Kernels of the host, the result of P(vfio.devices.kernel_images#filter).
    type: dict
    required: true
  programs:
    description: Names of the programs of the host.
    type: list
    elements: str
    required: true
  is_proxmox:
    description: Whether C(proxmox-boot-tool) copies the kernels.
    type: bool
    required: true
seealso:
  - plugin: vfio.devices.boot_loader
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report why kernel arguments cannot be added
  ansible.builtin.debug:
    msg: "{{ 'root=/dev/sda2 quiet' | vfio.devices.cmdline_problems('/etc/kernel/cmdline', 'h1', {}, [], false) }}"
"""

RETURN = r"""
_value:
  description: A problem with its remedy in each item, empty without problems.
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.plugin_utils._site.boot_loader import cmdline_problems


class FilterModule:
    """Filter plugin cmdline_problems."""

    def filters(self):
        return {"cmdline_problems": cmdline_problems}
