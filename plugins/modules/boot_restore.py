#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: boot_restore
short_description: Restore cards, virtual functions, mediated devices and vGPUs at boot
version_added: 1.0.0
description:
  - Installs the boot service of a host. It restores the state that M(vfio.devices.sriov_pf_mode) and
    M(vfio.devices.mdev_instance) recorded in C(/etc/vfio-devices) with their option C(persist). These are card drivers,
    virtual functions with drivers and settings, mediated devices, and vGPUs on virtual functions.
  - The service consists of a program, C(/usr/local/lib/vfio-devices-restore.pyz), with the code of these modules, and a
    systemd unit. The unit runs the program before libvirt, nova-compute, cyborg-agent, container engines and the
    kubelet start. The module does not run the program.
  - If a card returns to its own driver, after a passthrough or a driver update, a udev rule starts the program for this
    card.
  - The program waits for late cards, drivers, virtual functions and parents. It never changes devices in use, and
    removes no mediated device or vGPU. If a record cannot be restored, the journal contains one sentence for it, and
    the unit fails. All other records are restored, and other units start.
  - Rejects a file of another program at one of its paths, and a symbolic link, such as that of a masked unit. Such a
    file is never replaced, removed or shown. An empty file counts as the result of a power failure, and is replaced.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.host
  - vfio.devices._host
options:
  state:
    description: If V(absent), the program, the units and the rule are removed. Records remain.
    type: str
    choices: [present, absent]
    default: present
  python:
    description:
      - Interpreter on the host that runs the program as root at each boot, Python 3.9 or later. Messages name the
        role variable C(boot_python).
      - The file and each directory of its path, also through symbolic links, must belong to root, and only root may
        write to them. The module runs it to read its version, with a limit of 10 seconds.
      - "Default: the first suitable one of C(/usr/bin/python3), C(/usr/bin/python3.N) from the newest to 3.9,
        C(/usr/libexec/platform-python) and C(/usr/local/bin/python3)."
      - If O(host_root) is not C(/), its files are checked below that root, where they may also belong to the user who
        runs this module. It is not started, so its version is not checked.
    type: path
  timeout:
    description:
      - Seconds that the program waits for each prerequisite of a card, while it restores other cards. A write to the
        kernel has the same limit.
      - This module waits as long for another run on the same host, and for systemd.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 60
notes:
  - Run C(vfio-devices-restore.pyz --check) with the interpreter to preview the changes. C(--help) lists all options.
  - Before each start the unit checks the program. If the program is missing, empty or damaged, the unit fails with a
    sentence in the journal. The next run of this module replaces all files that differ.
  - A mediated device is created if its mdevctl definition exists and starts automatically. Definitions of other
    programs are left to mdevctl.
seealso:
  - module: vfio.devices.mdev_instance
  - module: vfio.devices.sriov_pf_mode
"""

EXAMPLES = r"""
- name: Restore the host at boot
  vfio.devices.boot_restore:

- name: Restore a host with slow cards at boot
  vfio.devices.boot_restore:
    timeout: 180

- name: Remove the boot service
  vfio.devices.boot_restore:
    state: absent
"""

RETURN = r"""
files:
  description: The files and the action for each. In check mode the predicted action.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path on the host.
      type: str
      sample: /etc/systemd/system/vfio-devices-restore.service
    action:
      description: V(created), V(replaced), V(removed), V(kept), or V(absent) for a missing file.
      type: str
      sample: created
reloaded:
  description:
    - Whether systemd has reloaded its units. V(false) if O(host_root) is another root, or if systemd does not run.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._boot.entry_point import set_boot
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "python": {"type": "path"},
            "timeout": {"type": "raw", "default": 60},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: set_boot(module.params, Call(module.check_mode)))


if __name__ == "__main__":
    main()
