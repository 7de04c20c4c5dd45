#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_recording
short_description: Record what the modules read on a host, without its identities
version_added: 1.0.0
description:
  - Returns one text with everything that the modules of this collection read on a host. These are files, listings and
    links below C(/sys) and C(/proc), configuration of guests and devices, and the output of C(ip) and C(devlink). The
    text is sufficient to simulate the host, and to examine a problem without access to the host.
  - Serial numbers, MAC addresses, UUIDs, host names, names of guests, volumes and mount points, and IP addresses are
    replaced. Equal values stay equal, and addresses of one network stay in one network.
  - For files outside of C(/sys), only lines and elements that a module uses are recorded. Passwords, keys and
    arguments of processes are omitted.
  - Names of network interfaces, of drivers, and other names below C(/sys) are kept. Read the text before you send it.
  - Changes nothing. A second run on an unchanged host returns the same text.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.info
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.reading
notes:
  - Run it as root. Files that another user cannot read are missing from the recording.
  - The text has less than 1 MiB. If it would be longer, the module fails.
seealso:
  - module: vfio.devices.mdev_facts
"""

EXAMPLES = r"""
- name: Record the host
  vfio.devices.host_recording:
  register: recorded

- name: Show the recording
  ansible.builtin.debug:
    msg: "{{ recorded.recording.splitlines() }}"
"""

RETURN = r"""
recording:
  description: The text.
  returned: success
  type: str
  sample: |
    [/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0]
    driver -> ../../../../bus/pci/drivers/nvidia
    numa_node = 0
size:
  description: Size of the text in bytes.
  returned: success
  type: int
  sample: 68112
directories:
  description: Number of directories in the text.
  returned: success
  type: int
  sample: 214
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._capture.capture import capture
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import evaluate_all
from ansible_collections.vfio.devices.plugins.module_utils._host.root import summarize
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec={
            "timeout": {"type": "raw", "default": 30},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )

    def work():
        (timeout,) = evaluate_all(lambda: duration(module.params["timeout"], "timeout"))
        text, warnings = capture(module.params["host_root"], timeout)
        directories = sum(line.startswith("[") for line in text.splitlines())
        result = {"changed": False, "recording": text, "size": len(text.encode()), "directories": directories}
        return result, summarize(warnings)

    run(module, work, unchanged=None)


if __name__ == "__main__":
    main()
