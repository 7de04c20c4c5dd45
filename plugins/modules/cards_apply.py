#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: cards_apply
short_description: Apply the profiles to the cards of a host in one run
version_added: 1.0.0
description:
  - Runs M(vfio.devices.sriov_pf_mode), M(vfio.devices.mig_layout), M(vfio.devices.mdev_instance) and
    M(vfio.devices.boot_restore) in this order, if M(vfio.devices.cards) has found differences for them. Each step has
    the options and the result of its module.
  - Then runs M(vfio.devices.managed_files) for the settings of nova and Cyborg, unless a card or device was skipped.
    The tasks of the roles report these results, including failures.
  - If one of several modules rejects its options or the state of the host, nothing is changed.
  - Only for the playbooks of this collection. The action plugin sets the options from the variables of the roles.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.host
  - vfio.devices._host
options:
  stages:
    description:
      - Options of the modules, which are C(modes) for M(vfio.devices.sriov_pf_mode), C(layouts) for
        M(vfio.devices.mig_layout), C(devices) and C(unwanted) for M(vfio.devices.mdev_instance), and C(boot) for
        M(vfio.devices.boot_restore).
      - C(nova) and C(cyborg) contain the options of M(vfio.devices.managed_files).
    type: dict
    required: true
  gather:
    description: Parts of the facts to gather after the work.
    type: list
    elements: str
    default: []
  has_changed:
    description: Whether an earlier run has changed the host.
    type: bool
    default: false
  is_checked:
    description: Whether an earlier run has checked that no module rejects its options or the state of the host.
    type: bool
    default: false
  timeout:
    description: Maximum seconds to wait for another run on the host. From 0.1 to 86400.
    type: raw
    default: 60
seealso:
  - module: vfio.devices.cards
"""

EXAMPLES = r"""
- name: Compare the host with its profiles
  vfio.devices.cards:
  register: vfio_compared

- name: Apply the profiles to the cards
  vfio.devices.cards_apply:
  when: vfio_compared.due | length > 0 and vfio_compared.roles | length == 0
"""

RETURN = r"""
results:
  description: Results of the modules by the names of the variables that the roles register.
  returned: always
  type: dict
plan:
  description: The plan of the host after the changes, as the filter P(vfio.devices.resolve#filter) returns it.
  returned: success
  type: dict
is_unfinished:
  description: Whether a card or device was skipped because it is in use, or a card could not be planned.
  returned: success
  type: bool
settings:
  description: Services whose settings differ from the plan or were written, each with the task file of its role.
  returned: success
  type: dict
  sample: {nova: configure}
written:
  description: Services whose settings stage has run, each with its options of M(vfio.devices.managed_files).
  returned: always
  type: dict
ansible_facts:
  description: The facts of M(vfio.devices.mdev_facts) after the changes.
  returned: if cards or devices have changed
  type: dict
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import evaluate_all
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run
from ansible_collections.vfio.devices.plugins.module_utils._site.stages import apply, unchanged


def main():
    module = AnsibleModule(
        argument_spec={
            "stages": {"type": "dict", "required": True},
            "gather": {"type": "list", "elements": "str", "default": []},
            "has_changed": {"type": "bool", "default": False},
            "is_checked": {"type": "bool", "default": False},
            "timeout": {"type": "raw", "default": 60},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    options = module.params

    def work():
        (timeout,) = evaluate_all(lambda: duration(options["timeout"], "timeout"))
        host = HostRoot(options["host_root"], timeout)
        call = Call(module.check_mode, progress.budget(), os.getpid())
        has_changed, is_checked = options["has_changed"], options["is_checked"]
        return apply(host, options["stages"], options["gather"], call, has_changed, is_checked), host.warnings

    run(module, work, unchanged(options["has_changed"]))


if __name__ == "__main__":
    main()
