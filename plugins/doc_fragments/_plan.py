# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The input of all filters for the plan of a host."""

    DOCUMENTATION = r"""
options:
  _input:
    description: The plan of the host, as P(vfio.devices.resolve#filter) returns it.
    type: dict
    required: true
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
"""

    ROOT = r"""
options:
  root:
    description: Name of the compute node's provider, which is its C(hypervisor_hostname).
    type: str
    required: true
"""
