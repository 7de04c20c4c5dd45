#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: managed_files
short_description: Write configuration files of this collection
version_added: 1.0.0
description:
  - Creates, replaces and removes the files of the roles of this collection, such as the nova configuration.
  - Rejects a file that was not written by this collection. No result, difference or message contains its content. All
    paths are checked before the first write, also in check mode.
  - A file of this collection begins with a comment that names V(vfio.devices), also in the form of earlier versions,
    which is then replaced. The report page contains it as its
    generator, and saved facts are identified by their keys. Such a file is replaced also after a manual change.
  - Also rejects symbolic links, directories, devices, FIFOs, and paths that are not absolute or contain V(..). A path
    in a variable cannot be that of another file of this collection.
  - A file that is replaced by another program during the run remains unchanged. A full or read-only file system and an
    immutable file are found before the first write.
  - An existing file keeps its mode, owner, SELinux context and access list. A file is replaced atomically.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.host
options:
  files:
    description: Files to write. Each path is unique.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path of the file on the host, below O(host_root).
        type: str
        required: true
      content:
        description:
          - Text of the file. An empty text removes the file. If omitted, the path is only checked.
          - The first line must be the header of this collection, as the filters P(vfio.devices.nova_config#filter),
            P(vfio.devices.cyborg_config#filter) and P(vfio.devices.provider_config#filter) write it.
        type: str
      variable:
        description:
          - Name of the variable with the path, for messages.
          - If empty, only this collection uses the path. An empty file at this path then counts as the result of a
            power failure, and is replaced.
        type: str
        default: ""
      suggestion:
        description: Path that the message proposes for O(files[].variable).
        type: str
        default: ""
      owner:
        description:
          - Owner of the file, by name or number. The default is the current owner, and for a new file the user of the
            module.
        type: str
        default: ""
      group:
        description: Group of the file. The default is the same as for O(files[].owner).
        type: str
        default: ""
      mode:
        description:
          - Mode of the file as four octal digits, such as V('0640'). The default is the current mode, and for a new
            file V('0644').
        type: str
        default: ""
      ignore_others:
        description:
          - If V(true) and O(files[].content) is empty or omitted, a file of another program at this path is ignored and
            not rejected.
        type: bool
        default: false
  program:
    description:
      - Name of the program that reads the files, such as V(nova-compute). Before a change, the module records its
        processes below C(/run/vfio-devices), so that a later run knows whether they still have their former settings.
        Processes that were started with other files are not recorded.
    type: str
    default: ""
  host_root:
    description: Root of the host's file system.
    type: path
    default: /
notes:
  - Directories above a file are created with mode V(0755).
seealso:
  - module: vfio.devices.boot_restore
"""

EXAMPLES = r"""
- name: Write the nova configuration
  vfio.devices.managed_files:
    files:
      - path: /etc/nova/nova.conf.d/50-vfio-devices.conf
        content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.nova_config('2026.2') }}"
        mode: "0640"
        group: nova

- name: Check for files of other programs
  vfio.devices.managed_files:
    files:
      - {path: /etc/nova/nova.conf.d/50-vfio-devices.conf, variable: nova_config_path}
"""

RETURN = r"""
files:
  description: The files and the action for each. In check mode the predicted action.
  returned: always, but when it is refused
  type: list
  elements: dict
  contains:
    path:
      description: Path on the host, including O(host_root).
      type: str
      sample: /etc/nova/nova.conf.d/50-vfio-devices.conf
    action:
      description:
        - V(created), V(replaced), V(removed), V(adjusted) if only mode or owner change, V(renewed) if only the header
          changes, V(kept), or V(absent) for a missing file.
      type: str
      sample: created
restart:
  description:
    - Whether a service that reads the files must be restarted. Not necessary if only headers have changed. Also true if
      RV(restart_owed) is.
  returned: always, but when it is refused
  type: bool
restart_owed:
  description:
    - Whether the files need no restart now, but a process of O(program) was started before their last change. For
      example, a play was stopped before its handlers.
  returned: always, but when it is refused
  type: bool
problems:
  description: Why the files are rejected, one sentence for each reason.
  returned: when it is refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run
from ansible_collections.vfio.devices.plugins.module_utils._site.managed_files import set_files


def main():
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "str", "required": True},
                    "content": {"type": "str"},
                    "variable": {"type": "str", "default": ""},
                    "suggestion": {"type": "str", "default": ""},
                    "owner": {"type": "str", "default": ""},
                    "group": {"type": "str", "default": ""},
                    "mode": {"type": "str", "default": ""},
                    "ignore_others": {"type": "bool", "default": False},
                },
            },
            "program": {"type": "str", "default": ""},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: set_files(module.params, Call(module.check_mode)))


if __name__ == "__main__":
    main()
