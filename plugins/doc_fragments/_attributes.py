# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The C(attributes) of modules of this collection."""

    FACTS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) with the same result, because it changes nothing.
    support: full
  diff_mode:
    description: Returns the differences in C(diff_mode).
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
    description: Can run in C(check_mode) with the predicted result, because it computes the same plan.
    support: full
  diff_mode:
    description: Returns the differences in C(diff_mode).
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
    description: Can run in C(check_mode) with the same result, because it changes nothing.
    support: full
  diff_mode:
    description: Returns the differences in C(diff_mode).
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
    Long operations report their progress on stderr and in AWX events, for example C(compute7: 40 of 128 devices after
    11 s). The variable C(vfio_progress_interval) is the number of seconds between two lines. The default is 10. If it
    is V(0), no lines are printed. Background tasks print no lines.
"""

    OPENSTACK = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/vfio.devices.openstack) in C(module_defaults) to set options for the modules of this group. It
        includes C(group/openstack.cloud.openstack), if that collection is installed.
    support: full
    membership:
      - vfio.devices.openstack
"""
