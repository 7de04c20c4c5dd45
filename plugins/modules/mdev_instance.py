#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mdev_instance
short_description: Create and remove mediated devices and vGPUs
version_added: 1.0.0
description:
  - Applies the desired mediated devices and vGPUs of a host in one call. Matching devices keep their UUIDs, missing
    devices are created, and devices in use are never modified.
  - Both frameworks have the same options. In the NVIDIA vendor-specific VFIO framework an instance is an SR-IOV virtual
    function with a vGPU type, identified by its address.
  - The module computes a plan before the first write. If the desired state is not possible, the module fails with all
    reasons and changes nothing. Check mode computes the same plan, including UUIDs.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.long
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.changing
  - vfio.devices._host.users
options:
  instances:
    description: Desired devices. If O(state=absent), devices to remove.
    type: list
    elements: dict
    required: true
    suboptions:
      type:
        description:
          - Type id, such as V(nvidia-223), or type name, such as V(GRID T4-2B). Ids may change with a driver update,
            names do not.
          - A list is an order of preference. A current device of any of these types matches. A new device has the first
            type with room.
          - Required if O(state=present).
        type: list
        elements: str
      parent:
        description:
          - Name of the parent, which is its PCI address on the PCI bus. A physical function represents all its virtual
            functions that support devices.
          - By default O(placement) determines the parents, after all entries with a parent.
          - Several entries with the same physical function declare several types on one card. If their framebuffer
            sizes differ, the module enables this mode of the GPU with C(nvidia-smi vgpu -shm 1). The mode changes only
            while the GPU has no vGPU, so unused vGPUs are removed and created again.
        type: str
      uuid:
        description:
          - UUID of the device. By default UUIDs are derived from the machine id, the parent and the type, so a
            reinstalled host gets the same UUIDs.
          - Only for mediated devices.
        type: str
      count:
        description:
          - Number of devices on O(instances[].parent), or on the host if there is no parent. V(max) creates as many as
            possible.
          - If V(max), a card whose driver rejects a further device and offers no more of the type counts as full, with
            a warning. If a driver rejects the first device of a type, or a device that it still offers, the task fails.
          - The default is V(1). If O(exact=false), this is a minimum.
        type: str
      numa_node:
        description: NUMA node of the parents, a whole number from 0 to 1023.
        type: raw
      attributes:
        description:
          - Attributes of a new device, in order, each a dictionary with one key. A key may appear more than once.
          - A key is the name of a driver attribute, such as V(assign_adapter), or of an attribute in a group, such as
            V(nvidia/vgpu_params). Kernel control files, such as V(remove) or V(driver/unbind), are rejected, and links
            are not followed.
          - A value is text or a whole number.
          - A vendor-specific vGPU only has V(nvidia/vgpu_params), with values such as V(frame_rate_limiter=0).
          - An existing device is compared by the attributes in its definition, or in the record of a vendor-specific
            vGPU, and replaced if they differ.
        type: list
        elements: dict
      autostart:
        description:
          - Whether mdevctl creates the device at boot. The default is V(true) for a new definition, and the current
            value for an existing definition.
        type: bool
      label:
        description:
          - Name of the entry in messages. The default is its index. The roles set the name of the profile.
        type: str
  state:
    description:
      - If V(absent), each device that matches O(instances[].uuid), O(instances[].type), O(instances[].parent) and
        O(instances[].numa_node) of an entry is removed, with its definition.
    type: str
    choices: [present, absent]
    default: present
  exact:
    description:
      - Whether to remove unlisted devices and definitions on the parents in O(instances[].parent). Use it to change the
        type of a card.
    type: bool
    default: false
  placement:
    description:
      - Selection of parents for devices without O(instances[].parent). V(spread) selects the card with the most room,
        V(pack) the card with the least room.
    type: str
    choices: [spread, pack]
    default: spread
  on_busy:
    description:
      - Handling of devices to remove that a process or a guest uses. Guests count whether they run or not.
      - V(fail) changes nothing and reports all devices in use with their users. V(skip) skips these devices and changes
        the others. A GPU that supports one type at a time, or one whose mode has to change, is then skipped completely.
      - Messages name the role variable C(vfio_on_busy).
    type: str
    choices: [fail, skip]
    default: fail
  persist:
    description:
      - Whether to write mdevctl definitions. At boot, mdevctl creates the devices with O(instances[].autostart).
      - All devices are also recorded in C(/etc/vfio-devices). If M(vfio.devices.boot_restore) is installed, it restores
        them at boot, including vGPUs on virtual functions. Otherwise vGPUs on virtual functions are created again by
        the next run.
    type: bool
    default: true
notes:
  - After a failure the result lists the completed changes, and the next run continues.
  - Nova creates mediated devices itself and keeps unused devices as a reserve. On a parent that nova manages, do not
    use O(exact) with a number below the capacity.
seealso:
  - module: vfio.devices.boot_restore
  - module: vfio.devices.mdev_facts
  - name: VFIO mediated devices
    description: Mediated devices in the kernel.
    link: https://docs.kernel.org/driver-api/vfio-mediated-device.html
"""

EXAMPLES = r"""
- name: Fill both cards with vGPUs of one type
  vfio.devices.mdev_instance:
    instances:
      - type: GRID T4-2B
        parent: "0000:3b:00.0"
        count: max
      - type: GRID T4-2B
        parent: "0000:af:00.0"
        count: max
    exact: true

- name: Create four vGPUs on NUMA node 0
  vfio.devices.mdev_instance:
    instances:
      - type: [GRID T4-4Q, GRID T4-2Q]
        count: 4
        numa_node: 0

- name: Set the vGPU type of one virtual function
  vfio.devices.mdev_instance:
    instances:
      - type: NVIDIA L40S-8Q
        parent: "0000:84:00.4"

- name: Create a crypto device with two adapters
  vfio.devices.mdev_instance:
    instances:
      - type: vfio_ap-passthrough
        parent: matrix
        uuid: 669d9b23-fe1b-4ecb-be08-a2fabca99b71
        attributes:
          - assign_adapter: "5"
          - assign_adapter: "6"
          - assign_domain: "4"

- name: Remove all unused devices of a card
  vfio.devices.mdev_instance:
    instances:
      - parent: "0000:3b:00.0"
    state: absent
    on_busy: skip
"""

RETURN = r"""
instances:
  description: The devices and the action for each. In check mode the predicted action.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains: &instance
    uuid:
      description: UUID of a mediated device, or null.
      type: str
      sample: c2177883-f1bb-47f0-914d-32a22e3a8804
    address:
      description: PCI address of a virtual function with a vGPU type, or null.
      type: str
      sample: "0000:41:00.4"
    parent:
      description: Name of the parent device.
      type: str
      sample: "0000:3b:00.0"
    type:
      description: Id of the type.
      type: str
      sample: nvidia-223
    type_name:
      description: Name of the type, or null.
      type: str
      sample: GRID T4-2B
    item:
      description: Index of its entry in O(instances), counted from 0. Null for a device without an entry.
      type: int
      sample: 0
    action:
      description: V(kept), V(created), V(replaced), V(removed), V(failed) or V(busy).
      type: str
      sample: created
created:
  description: UUIDs and addresses of new devices.
  returned: always, unless the options are refused
  type: list
  elements: str
removed:
  description: UUIDs and addresses of removed devices.
  returned: always, unless the options are refused
  type: list
  elements: str
replaced:
  description: UUIDs and addresses of devices whose type was replaced.
  returned: always, unless the options are refused
  type: list
  elements: str
kept:
  description: UUIDs and addresses of devices that already matched.
  returned: always, unless the options are refused
  type: list
  elements: str
busy:
  description: Devices that were not removed because they are in use, with their users.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    <<: *instance
    users:
      description: Users of the device, as RV(vfio.devices.mdev_facts#module:ansible_facts.mdev.devices[].users).
      type: list
      elements: dict
missing:
  description: Devices that were not created because of devices in use.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    item:
      description: Index of the entry in O(instances).
      type: int
    types:
      description: The types of the entry.
      type: list
      elements: str
    count:
      description: Number of missing devices.
      type: int
    label:
      description: Label of the entry, if it is one of several entries of its card.
      type: str
failures:
  description: One sentence for each step that failed.
  returned: always, unless the options are refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import ACCEPT_UNSEEN
from ansible_collections.vfio.devices.plugins.module_utils._instances.entry_point import set_devices
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import INSTANCE
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec={
            "instances": {"type": "list", "elements": "dict", "required": True, "options": INSTANCE},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "exact": {"type": "bool", "default": False},
            "placement": {"type": "str", "choices": ["spread", "pack"], "default": "spread"},
            "on_busy": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "accept_unseen": ACCEPT_UNSEEN,
            "persist": {"type": "bool", "default": True},
            "timeout": {"type": "raw", "default": 30},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: set_devices(module.params, Call(module.check_mode, progress.budget())))


if __name__ == "__main__":
    main()
