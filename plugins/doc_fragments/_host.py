# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that works on a host's devices."""

    DOCUMENTATION = r"""
options:
  host_root:
    description:
      - Where the file system of the host begins. The directories C(sys), C(proc), C(dev), C(etc), C(run) and C(usr) are
        looked up below it.
      - Another value than V(/) is for a host whose file system is mounted somewhere in a container, and for simulated
        hosts.
    type: path
    default: /
"""

    CHANGING = r"""
options:
  timeout:
    description:
      - Seconds that one write to the kernel may take, seconds to wait for another run on the same host, and seconds
        that libvirt may take to tell its domains.
      - The kernel lets a removal wait for as long as the device is in use. When the time is over, the module fails and
        says that the removal is pending.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 30
"""
