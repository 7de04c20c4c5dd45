#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: managed_files
short_description: Write files of this collection, and no others
version_added: 1.0.0
description:
  - Creates, replaces and removes the files that the roles of this collection write, such as settings of nova.
  - A file that was not written by this collection is refused. Nothing of its content is read into a result, a
    difference or a message. All paths are looked at before the first file is written, in check mode too.
  - A file of this collection begins with a comment that names V(vfio.devices). The report page has it as its generator,
    and saved facts are known by their keys. Such a file is replaced even after a change by hand.
  - Refused are also symbolic links, directories, devices, FIFOs, and paths that are not absolute or have V(..) in them.
  - An existing file keeps its mode, its owner, its SELinux context and its access list. A file is replaced at once, so
    that nobody reads a half of it.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.host
options:
  files:
    description: The files. No two of them have the same path.
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
          - Text of the file. An empty text removes the file. Without this option the path is only checked.
          - The first line must be the header of this collection, as the filters P(vfio.devices.nova_config#filter),
            P(vfio.devices.cyborg_config#filter) and P(vfio.devices.provider_config#filter) write it.
        type: str
      variable:
        description:
          - Name of the variable that the path comes from, for messages.
          - Without it the path counts as one that only this collection uses. An empty file there is taken as what a
            power failure has left.
        type: str
        default: ""
      suggestion:
        description: A path that the message proposes for O(files[].variable).
        type: str
        default: ""
      owner:
        description:
          - User who owns the file, by name or number. The default is the present owner, and for a new file the user
            that the module runs as.
        type: str
        default: ""
      group:
        description: Group that owns the file. The default is as for O(files[].owner).
        type: str
        default: ""
      mode:
        description:
          - Mode of the file as four octal digits, such as V('0640'). The default is the present mode, and for a new
            file V('0644').
        type: str
        default: ""
  host_root:
    description: Where the file system of the host begins.
    type: path
    default: /
notes:
  - Directories above a file are created with mode V(0755).
seealso:
  - module: vfio.devices.boot_restore
"""

EXAMPLES = r"""
- name: Write the settings of nova-compute
  vfio.devices.managed_files:
    files:
      - path: /etc/nova/nova.conf.d/50-vfio-devices.conf
        content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.nova_config('2026.2') }}"
        mode: "0640"
        group: nova

- name: Check that the path is free or has a file of this collection
  vfio.devices.managed_files:
    files:
      - {path: /etc/nova/nova.conf.d/50-vfio-devices.conf, variable: nova_config_path}
"""

RETURN = r"""
files:
  description: The files and what was done to each. In check mode what would be done.
  returned: always, but when it is refused
  type: list
  elements: dict
  contains:
    path:
      description: Path on the host, with O(host_root).
      type: str
      sample: /etc/nova/nova.conf.d/50-vfio-devices.conf
    action:
      description:
        - V(created), V(replaced), V(removed), V(adjusted) for a change of mode or owner only, V(kept), or V(absent) for
          a file that was not there.
      type: str
      sample: created
problems:
  description: Why it is refused, one sentence for each reason.
  returned: when it is refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 - comes first

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._run import managed_files
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


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
                },
            },
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    files = [managed_files.Requested(**file) for file in module.params["files"]]

    def work():
        return managed_files.converge(module.params["host_root"], files, module.check_mode)._asdict(), ()

    run(module, work)


if __name__ == "__main__":
    main()
