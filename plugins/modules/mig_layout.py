#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mig_layout
short_description: Divide NVIDIA GPUs into MIG instances
version_added: 1.0.0
description:
  - Enables or disables Multi-Instance GPU (MIG) on the GPUs of a host, and creates the GPU instances and compute
    instances of a layout.
  - The module computes a plan before the first change. A layout that does not fit is rejected, and the message contains
    a possible layout.
  - Matching instances remain unchanged. Instances are removed, and MIG is enabled or disabled, only while no process
    and no guest uses the GPU or its virtual functions.
  - MIG is enabled or disabled only without vGPUs. An instance is removed only if the remaining ones hold all vGPUs.
  - Each change is verified by a read. If a change fails, the removed instances are created again.
author:
  - vfio.devices contributors (@vfio-devices)
requirements:
  - The program C(nvidia-smi) of the NVIDIA driver on the host.
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.changing
  - vfio.devices._host.users
options:
  gpus:
    description: Desired state of the GPUs. Each GPU has at most one entry.
    type: list
    elements: dict
    required: true
    suboptions:
      pf:
        description: PCI address of the GPU.
        type: str
        required: true
      enabled:
        description:
          - Whether MIG is enabled. If V(false), all instances are removed first.
          - Some GPUs change their mode only after a reset. In this case the module fails, and the message contains the
            command.
        type: bool
        default: true
      layout:
        description:
          - >-
            Number of GPU instances of each profile, such as V({1g.18gb: 4, 3g.71gb: 1}). The names are those
            of C(nvidia-smi mig -lgip). Other instances are removed.
          - An empty dictionary means no GPU instances. Required if O(gpus[].enabled=true).
        type: dict
      compute_instances:
        description:
          - Whether to create one compute instance of the full size in each GPU instance. Use V(false) for vGPUs, whose
            guests create compute instances. Existing compute instances remain.
        type: bool
        default: true
      replace_vgpus:
        description:
          - Whether to remove vGPUs without users that the remaining GPU instances cannot hold. If V(false), such a
            change is rejected.
          - The playbooks set V(true) for GPUs whose profile has C(vgpu), and create the declared vGPUs afterwards.
        type: bool
        default: false
      label:
        description: Name of the entry in messages. The default is its index.
        type: str
  on_busy:
    description:
      - Handling of GPUs in use that would lose an instance or change their mode. V(fail) changes nothing and reports
        all users. V(skip) skips these GPUs and changes the others.
    type: str
    choices: [fail, skip]
    default: fail
  persist:
    description:
      - Whether to record the layout in C(/etc/vfio-devices). If M(vfio.devices.boot_restore) is installed, it restores
        the layout at boot. The driver itself loses all instances at a reboot.
      - If V(false), the records of these GPUs are removed.
    type: bool
    default: true
seealso:
  - module: vfio.devices.boot_restore
  - module: vfio.devices.mdev_facts
  - module: vfio.devices.mdev_instance
  - name: NVIDIA Multi-Instance GPU user guide
    description: GPUs with MIG, and possible combinations of profiles.
    link: https://docs.nvidia.com/datacenter/tesla/mig-user-guide/
notes:
  - Daemons such as C(nvidia-persistenced) and C(nvidia-dcgm) use the GPU as well. The message contains the commands to
    stop them.
  - After a failure, the next run continues.
"""

EXAMPLES = r"""
- name: Create MIG instances on a GPU
  vfio.devices.mig_layout:
    gpus:
      - pf: "0000:41:00.0"
        layout: {1g.18gb: 4, 3g.71gb: 1}

- name: Show the changes of a layout
  vfio.devices.mig_layout:
    gpus:
      - pf: "0000:41:00.0"
        layout: {2g.35gb: 3}
  check_mode: true
  diff: true

- name: Disable MIG on free GPUs
  vfio.devices.mig_layout:
    gpus:
      - {pf: "0000:41:00.0", enabled: false}
      - {pf: "0000:c1:00.0", enabled: false}
    on_busy: skip
"""

RETURN = r"""
gpus:
  description: One entry for each GPU, in the order of O(gpus).
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    pf:
      description: PCI address of the GPU.
      type: str
      sample: "0000:41:00.0"
    item:
      description: Index of its entry in O(gpus), counted from 0.
      type: int
      sample: 0
    action:
      description:
        - V(unchanged) or V(changed). If O(on_busy=skip), also V(busy).
        - After a failure, V(restored) if all removed instances were created again, otherwise V(failed).
      type: str
      sample: changed
    before:
      description: The GPU before the changes.
      type: dict
      contains: &gpu
        enabled:
          description: Whether MIG is enabled.
          type: bool
          sample: true
        instances:
          description: Its GPU instances, by memory slice.
          type: list
          elements: dict
          contains:
            id:
              description: Number of the instance. In check mode null for a new one.
              type: int
              sample: 9
            profile:
              description: Name of its profile.
              type: str
              sample: 1g.18gb
            start:
              description: The first memory slice of the instance.
              type: int
              sample: 2
            size:
              description: Number of memory slices.
              type: int
              sample: 1
            compute_instances:
              description: Number of its compute instances.
              type: int
              sample: 1
    after:
      description: The GPU after the changes. In check mode the prediction. Null if it could not be read.
      type: dict
      contains: *gpu
    done:
      description: One sentence for each completed step.
      type: list
      elements: str
      sample: [enabled MIG, created a GPU instance 1g.18gb at memory slice 0]
    busy:
      description: One sentence for each use of a skipped GPU.
      type: list
      elements: str
    error:
      description: The failure. Null without a failure.
      type: str
failures:
  description: One sentence for each GPU that failed.
  returned: always, unless the options are refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import ACCEPT_UNSEEN
from ansible_collections.vfio.devices.plugins.module_utils._mig.entry_point import set_layouts
from ansible_collections.vfio.devices.plugins.module_utils._mig.wanted import GPU
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec={
            "gpus": {"type": "list", "elements": "dict", "required": True, "options": GPU},
            "on_busy": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "accept_unseen": ACCEPT_UNSEEN,
            "persist": {"type": "bool", "default": True},
            "timeout": {"type": "raw", "default": 30},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: set_layouts(module.params, Call(module.check_mode)))


if __name__ == "__main__":
    main()
