#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: cards
short_description: Find out whether a host differs from its profiles
version_added: 1.0.0
description:
  - Reads a host once, with its records, boot files and settings files. Plans all stages of the playbook site on the
    controller, with the functions of the modules. Changes nothing.
  - Only for the playbooks of this collection. The variables of the play are those of its roles, and the options are set
    by the action plugin.
  - A host counts as different if part of its state is unknown. M(vfio.devices.cards_apply) or the roles then
    determine the necessary changes.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.info
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.reading
options:
  users:
    description: Whether to read the users of the devices.
    type: bool
    default: false
  mig:
    description: Whether to read MIG layouts.
    type: bool
    default: false
  serial_numbers:
    description: Whether to read whether cards have serial numbers.
    type: bool
    default: false
  published_root:
    description: Whether to read below which root in Placement the cards were published.
    type: bool
    default: false
  boot:
    description: Options of M(vfio.devices.boot_restore), and the checksum of its program.
    type: dict
    required: true
    suboptions:
      state:
        description: Same as O(vfio.devices.boot_restore#module:state).
        type: str
        choices: [present, absent]
        required: true
      python:
        description: Same as O(vfio.devices.boot_restore#module:python).
        type: str
      timeout:
        description: Same as O(vfio.devices.boot_restore#module:timeout).
        type: raw
        required: true
      program:
        description: SHA-256 of the program.
        type: str
        required: true
  files:
    description: Settings files, as O(vfio.devices.managed_files#module:files) without their texts.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Same as O(vfio.devices.managed_files#module:files[].path).
        type: str
        required: true
      variable:
        description: Same as O(vfio.devices.managed_files#module:files[].variable).
        type: str
        default: ""
      owner:
        description: Same as O(vfio.devices.managed_files#module:files[].owner).
        type: str
        default: ""
      group:
        description: Same as O(vfio.devices.managed_files#module:files[].group).
        type: str
        default: ""
      mode:
        description: Same as O(vfio.devices.managed_files#module:files[].mode).
        type: str
        default: ""
      ignore_others:
        description: Same as O(vfio.devices.managed_files#module:files[].ignore_others).
        type: bool
        default: false
  services:
    description: Services that read one of the O(files), as the options of M(vfio.devices.service_settings_info).
    type: list
    elements: dict
    default: []
    suboptions:
      project:
        description: Same as O(vfio.devices.service_settings_info#module:project).
        type: str
        required: true
      program:
        description: Same as O(vfio.devices.service_settings_info#module:program).
        type: str
        required: true
      unit:
        description: Same as O(vfio.devices.service_settings_info#module:unit).
        type: str
        default: ""
      path:
        description: Same as O(vfio.devices.service_settings_info#module:path).
        type: str
        required: true
seealso:
  - module: vfio.devices.mdev_facts
"""

EXAMPLES = r"""
- name: Compare the host with its profiles
  vfio.devices.cards:
  register: compared

- name: Stop on unchanged hosts
  ansible.builtin.meta: end_host
  when: compared.due | length == 0
"""

RETURN = r"""
due:
  description: Why the host differs, one sentence for each reason. Empty if the host matches its profiles.
  returned: success
  type: list
  elements: str
  sample: ["0000:3b:00.0 differs from its record"]
parts:
  description:
    - Parts of the work that have something to do, of V(modes), V(layouts), V(devices), V(boot), V(nova) and V(cyborg).
  returned: success
  type: list
  elements: str
  sample: [modes, boot]
roles:
  description: Why only the roles can configure or reject the host, one sentence for each reason. A part of RV(due).
  returned: success
  type: list
  elements: str
  sample: ["the IOMMU is off"]
kernel:
  description: What the kernel lacks for the cards, one sentence for each reason. A part of RV(roles).
  returned: success
  type: list
  elements: str
  sample: ["the IOMMU is off"]
settings:
  description: Texts of the settings files by path, empty for a missing file.
  returned: if RV(due) is not empty
  type: dict
services:
  description: Results of M(vfio.devices.service_settings_info) by program.
  returned: if RV(due) is not empty
  type: dict
restarts_owed:
  description: Programs of which a process was started before its settings changed, such as V(nova-compute).
  returned: if RV(due) is not empty
  type: list
  elements: str
boot_problems:
  description: Why the boot service cannot be installed, one sentence for each reason.
  returned: if RV(due) is not empty
  type: list
  elements: str
selection:
  description: The cards that each profile selects, as the filter P(vfio.devices.selection#filter) returns them.
  returned: success
  type: dict
unmanaged:
  description: The owners of cards whose settings are not written on the host.
  returned: success
  type: list
  elements: str
  sample: [cyborg]
missing:
  description:
    - A sentence for each profile with a list of cards of which the host has only some.
    - Also for each list without any card on the host if the settings or records of the host name a card of the list.
  returned: if the profiles are valid
  type: list
  elements: str
  sample: ["profile ports: the host has no 0000:d8:00.0. Correct select, or run lspci on the host to check the card"]
ansible_facts:
  description: The facts of M(vfio.devices.mdev_facts).
  returned: if RV(due) is not empty, or if the cards are published in Placement
  type: dict
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import evaluate_all
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import MIG, PUBLISHED_ROOT, SERIAL_NUMBERS, USERS
from ansible_collections.vfio.devices.plugins.module_utils._run.managed_files import Requested
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run
from ansible_collections.vfio.devices.plugins.module_utils._services.options import checked_all
from ansible_collections.vfio.devices.plugins.module_utils._site.observe import Boot, observe_site

BOOT = {
    "state": {"type": "str", "choices": ["present", "absent"], "required": True},
    "python": {"type": "str"},
    "timeout": {"type": "raw", "required": True},
    "program": {"type": "str", "required": True},
}
FILE = {
    "path": {"type": "str", "required": True},
    "variable": {"type": "str", "default": ""},
    "owner": {"type": "str", "default": ""},
    "group": {"type": "str", "default": ""},
    "mode": {"type": "str", "default": ""},
    "ignore_others": {"type": "bool", "default": False},
}
SERVICE = {
    "project": {"type": "str", "required": True},
    "program": {"type": "str", "required": True},
    "unit": {"type": "str", "default": ""},
    "path": {"type": "str", "required": True},
}


def main():
    module = AnsibleModule(
        argument_spec={
            "users": {"type": "bool", "default": False},
            "mig": {"type": "bool", "default": False},
            "serial_numbers": {"type": "bool", "default": False},
            "published_root": {"type": "bool", "default": False},
            "boot": {"type": "dict", "required": True, "options": BOOT},
            "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
            "services": {"type": "list", "elements": "dict", "default": [], "options": SERVICE},
            "timeout": {"type": "raw", "default": 30},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    options = module.params

    def work():
        of_boot = options["boot"]
        timeout, boot_timeout, services = evaluate_all(
            lambda: duration(options["timeout"], "timeout"),
            lambda: duration(of_boot["timeout"], "boot.timeout"),
            lambda: checked_all(options["services"], [file["path"] for file in options["files"]]),
        )
        files = [Requested(content=None, suggestion="", **file) for file in options["files"]]
        boot = Boot(of_boot["state"] == "present", of_boot["python"], boot_timeout, of_boot["program"])
        host = HostRoot(options["host_root"], timeout)
        gather = [part for part in (USERS, MIG, SERIAL_NUMBERS, PUBLISHED_ROOT) if options[part]]
        seen = observe_site(host, gather, boot, services, files)
        # Ansible processes each value of a result on both sides, which takes as long as reading the host.
        return {"changed": False, "seen": json.dumps(seen)}, ()

    run(module, work, unchanged=None)


if __name__ == "__main__":
    main()
