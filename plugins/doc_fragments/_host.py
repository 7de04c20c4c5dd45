# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options of all modules that access devices of a host."""

    DOCUMENTATION = r"""
options:
  host_root:
    description:
      - Root of the host's file system, with the directories C(sys), C(proc), C(dev), C(etc), C(run) and C(usr).
      - Use another value than V(/) for a host whose file system is mounted in a container, and for simulated hosts.
    type: path
    default: /
"""

    READING = r"""
options:
  timeout:
    description:
      - Maximum seconds for libvirt to list its domains. The limit for a file that a driver answers, such as an
        attribute of a type, is a fifteenth of it, but at least 2 seconds.
      - If a file of a card does not answer in time, no further file of the card is read. Unread values are null, and a
        warning names the card and the file. The facts of other cards are complete.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 30
"""

    CHANGING = r"""
options:
  timeout:
    description:
      - Maximum seconds for one write to the kernel, for the wait for another run on the same host, and for libvirt to
        list its domains.
      - The kernel delays a removal while the device is in use. After this time the module fails and reports that the
        removal is pending.
      - The limit for a file that a driver answers is a fifteenth of it, but at least 2 seconds, and at most the
        complete time. A card whose file does not answer in time counts as in use.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 30
"""

    USERS = r"""
options:
  accept_unseen:
    description:
      - Users that may be unreadable during a change. By default, cards and devices with unknown users are not changed,
        and the message contains the value to set here. It names the role variable C(vfio_accept_unseen).
      - V(processes) are the open files of some processes, V(libvirt) and V(proxmox) guests that do not run.
      - V(containers) are LXD and Incus instances, V(kubernetes) devices of pods, V(vfio) unnamed VFIO devices of a
        process.
      - The other values always read all users.
      - Set it only if no such process or guest uses a device that is changed.
    type: list
    elements: str
    choices: [processes, vfio, open_devices, libvirt, proxmox, containers, kubernetes, devices, storage, network]
    default: []
"""
