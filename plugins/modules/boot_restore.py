#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: boot_restore
short_description: Restore cards, virtual functions, mediated devices and vGPUs at boot
version_added: 1.0.0
description:
  - Installs on a host what brings back, after a boot, all that M(vfio.devices.sriov_pf_mode) and
    M(vfio.devices.mdev_instance) have recorded in C(/etc/vfio-devices) with their option C(persist). These are the
    drivers of cards, virtual functions with their drivers and settings, mediated devices, and vGPUs on virtual
    functions.
  - This is one program, C(/usr/local/lib/vfio-devices-restore.pyz), made of the same code as these modules, and a unit
    of systemd that runs it before libvirt, nova-compute and the agent of Cyborg start. Nothing is run now.
  - When a card gets its own driver again, after a guest had it whole or after an update of the driver, a rule of udev
    starts the program for this card.
  - The program waits for cards, drivers, virtual functions and parents that appear late. It never touches what is in
    use, and removes no mediated device or vGPU. What it could not restore is in the journal, one sentence each, and the
    unit has failed then; all else is restored, and other units start.
  - A file at one of its paths that was not written by this collection is refused, and neither replaced, removed nor
    shown. So is a symbolic link, such as that of a masked unit. An empty file counts as one that a power failure has
    left.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.host
  - vfio.devices._host
options:
  state:
    description: With V(absent) the program, the units and the rule are removed. Records stay.
    type: str
    choices: [present, absent]
    default: present
  python:
    description:
      - Interpreter on the host that runs the program as root at each boot, Python 3.9 or later.
      - The file and each directory on the way to it, also through symbolic links, must belong to root, and nobody else
        may write to them. It is asked for its version, and has 10 seconds to answer.
      - "Default: the first that will do of C(/usr/bin/python3), C(/usr/bin/python3.N) from the newest to 3.9,
        C(/usr/libexec/platform-python) and C(/usr/local/bin/python3)."
      - If O(host_root) is not C(/), its files are checked below that root, where they may also belong to the user who
        runs this module. It is not started, so its version is not checked.
    type: path
  timeout:
    description:
      - Seconds that the program waits for each thing that a card needs, while it works on others. A write to the kernel
        may take as long.
      - Also the seconds that this module waits for another run on the same host, and for systemd.
      - A number from 0.1 to 86400, which is one day.
    type: raw
    default: 60
notes:
  - What the program does by hand shows C(vfio-devices-restore.pyz --check), run with the interpreter. Option C(--help)
    lists the others.
  - Before each start the unit checks the program. If it is missing, empty, cut or damaged in another way, the unit
    fails with a sentence in the journal. The next run of this module replaces all files that differ.
  - A mediated device is made as long as mdevctl has its definition, and the definition says that it starts by itself.
    Definitions of others are left to mdevctl.
seealso:
  - module: vfio.devices.mdev_instance
  - module: vfio.devices.sriov_pf_mode
"""

EXAMPLES = r"""
- name: Restore the host at boot
  vfio.devices.boot_restore:

- name: Restore the host at boot, where cards take up to three minutes to appear
  vfio.devices.boot_restore:
    timeout: 180

- name: Restore nothing at boot any more
  vfio.devices.boot_restore:
    state: absent
"""

RETURN = r"""
files:
  description: The files and what was done to each. In check mode what would be done.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path on the host.
      type: str
      sample: /etc/systemd/system/vfio-devices-restore.service
    action:
      description: V(created), V(replaced), V(removed), V(kept), or V(absent) for one that was not there.
      type: str
      sample: created
reloaded:
  description:
    - Whether systemd was told to read its units again. It is not where O(host_root) is another root, and where systemd
      does not run.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 - comes first

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._boot import job
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import together
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot, summarize
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
    options = module.params

    def work():
        (timeout,) = together(lambda: duration(options["timeout"], "timeout"))
        host = HostRoot(options["host_root"], timeout)
        present = options["state"] == "present"
        result = job.converge(host, present, options["python"], timeout, module.check_mode)
        return result, summarize(host.warnings)

    run(module, work)


if __name__ == "__main__":
    main()
