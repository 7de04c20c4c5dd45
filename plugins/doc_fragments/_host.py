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

    READING = r"""
options:
  timeout:
    description:
      - Seconds that libvirt may take to tell its domains. A file that a driver answers, such as an attribute of a type
        of mediated devices, may take a fifteenth of it, or 2 seconds if that is more.
      - If a file of a card does not answer in time, no other one of that card is read. What was not read becomes null,
        and a warning names the card and the file. The facts of all other cards are complete.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 30
"""

    CHANGING = r"""
options:
  timeout:
    description:
      - Seconds that one write to the kernel may take, seconds to wait for another run on the same host, and seconds
        that libvirt may take to tell its domains.
      - The kernel lets a removal wait for as long as the device is in use. When the time is over, the module fails and
        says that the removal is pending.
      - A file that a driver answers may take a fifteenth of it, or 2 seconds if that is more, and never longer than all
        of it. A card of which a file does not answer in time counts as in use.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 30
"""
