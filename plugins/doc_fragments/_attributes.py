# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """What modules of this collection can do, for their C(attributes)."""

    FACTS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it returns without it, since it changes nothing.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in C(diff_mode).
    support: N/A
    details:
      - This module changes nothing.
  facts:
    description: Returns an C(ansible_facts) dictionary that updates the facts of the host.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
"""

    CHANGING = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would return without it, since it makes the same plan.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in C(diff_mode).
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
"""

    HOST = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/vfio.devices.host) in C(module_defaults) to set options for the modules of this group.
    support: full
    membership:
      - vfio.devices.host
  platform:
    description: Operating system that the module runs on.
    support: full
    platforms: linux
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it returns without it, since it changes nothing.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in C(diff_mode).
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    description: A second run changes nothing.
    support: full
"""

    LONG = r"""
options: {}
attributes:
  action:
    description: Has an action plugin of the same name, which runs on the controller.
    support: full
  async:
    description: Can be run in the background with C(async).
    support: full
notes:
  - >-
    Work that takes long tells how far it is, such as C(compute7: 40 of 128 devices after 11 s), on stderr and in the
    events of AWX. There is a line every 10 seconds, or every C(vfio_progress_interval) seconds where that variable is
    set, with V(0) never. Tasks in the background have no such lines.
"""

    OPENSTACK = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/vfio.devices.openstack) in C(module_defaults) to set options for the modules of this group. It
        takes in C(group/openstack.cloud.openstack), if that collection is installed.
    support: full
    membership:
      - vfio.devices.openstack
"""
