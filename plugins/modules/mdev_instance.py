#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mdev_instance
short_description: Make and remove mediated devices and vGPUs
version_added: 1.0.0
description:
  - Brings all mediated devices and vGPUs of a host to what is wanted, in one call. Devices that will do are kept with
    their UUIDs, missing ones are made, and nothing that is in use is ever touched.
  - Both frameworks have the same options. In NVIDIA's vendor-specific VFIO framework an instance is an SR-IOV virtual
    function with a vGPU type, known by its address.
  - Everything is planned before the first write. What cannot be reached is refused as a whole, with all reasons at
    once. Check mode makes the very same plan, UUIDs included.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.long
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.changing
options:
  instances:
    description: The devices that shall exist, or with O(state=absent) the ones that shall not.
    type: list
    elements: dict
    required: true
    suboptions:
      type:
        description:
          - Type by its id, such as V(nvidia-223), or by its name, such as V(GRID T4-2B). Names stay the same when a
            driver is updated, ids may not.
          - A list is an order of preference. A device of any of the types will do, and a new one is made of the first
            type that there is room for.
          - Required with O(state=present).
        type: list
        elements: str
      parent:
        description:
          - Name of the parent device, the PCI address where it has one. A physical function stands for all its virtual
            functions that can make devices.
          - When it is left out, parents are chosen as O(placement) says, after all entries that name one.
        type: str
      uuid:
        description:
          - UUID of the device. When it is left out, UUIDs are derived from the machine id, the parent and the type, so
            that a host that is installed again gets the same ones.
          - Only for mediated devices.
        type: str
      count:
        description:
          - How many devices, on the parent that is named, or else on the whole host. V(max) makes as many as fit.
          - With V(max) a card whose driver refuses one more and offers no more of the type is taken as full, with a
            warning. A driver that refuses the first of a type on a card, or what it still offers, makes the task fail.
          - The default is V(1). Without O(exact) it is a least number.
        type: str
      numa_node:
        description: Only parents on this NUMA node, a whole number from 0 to 1023.
        type: raw
      attributes:
        description:
          - Attributes to write into a new device, in this order, each a dictionary with one key. The same key may come
            more than once.
          - A name is that of an attribute of the driver, such as V(assign_adapter), or of one in a group, such as
            V(nvidia/vgpu_params). Entries of the kernel, such as V(remove) or V(driver/unbind), are refused, and links
            are not followed.
          - A value is text or a whole number.
          - An existing device is compared by the attributes in its definition, and replaced if they differ.
        type: list
        elements: dict
      autostart:
        description:
          - Whether the device is made again at boot. Default is V(true) for a new definition, and what it is for an
            existing one.
        type: bool
      label:
        description:
          - What messages call the entry, instead of its place in the list. The roles name its profile.
        type: str
  state:
    description:
      - With V(absent) every device that matches all of O(instances[].uuid), O(instances[].type),
        O(instances[].parent) and O(instances[].numa_node) of an entry is removed, its definition too.
    type: str
    choices: [present, absent]
    default: present
  exact:
    description:
      - Remove the devices and definitions that are not listed, on the parents that O(instances[].parent) names and
        nowhere else. This is how the type of a card is changed.
    type: bool
    default: false
  placement:
    description:
      - Where a device without O(instances[].parent) is made. V(spread) takes the card with the most room, V(pack) the
        one with the least.
    type: str
    choices: [spread, pack]
    default: spread
  on_busy:
    description:
      - What to do when a device that has to go is in use, by a process that has it open or by a domain of libvirt,
        running or defined.
      - V(fail) changes nothing and names all busy devices and who holds them. V(skip) does what it can without them; a
        GPU that takes one type at a time is then left as it is.
    type: str
    choices: [fail, skip]
    default: fail
  accept_unseen:
    description:
      - What may stay unseen, although a change may end its use. Without this option, nothing is changed as long as its
        users are unknown, and the message names the value to set here.
      - V(processes) are the open files of some processes, V(libvirt) and V(proxmox) guests that do not run,
        V(containers) instances of LXD and Incus, V(kubernetes) devices of pods, V(vfio) devices of a process that has a
        VFIO device open which the kernel does not name. The others see everything.
      - Set it only if no such process or guest has a device that is changed.
    type: list
    elements: str
    choices: [processes, vfio, open_devices, libvirt, proxmox, containers, kubernetes, devices, storage, network]
    default: []
  persist:
    description:
      - Keep mediated devices over a reboot as definitions of mdevctl, which makes those with O(instances[].autostart).
      - All devices are also recorded in C(/etc/vfio-devices). Where M(vfio.devices.boot_restore) is installed, they are
        made again at boot, vGPUs on virtual functions too. Elsewhere these are only there again after another run.
    type: bool
    default: true
notes:
  - After a failure the result has what was done up to then, and another run goes on from there.
  - Nova makes mediated devices itself and keeps unused ones as a reserve. On a parent that nova manages, do not use
    O(exact) with a smaller number than fits.
seealso:
  - module: vfio.devices.boot_restore
  - module: vfio.devices.mdev_facts
  - name: VFIO mediated devices
    description: How the kernel presents mediated devices.
    link: https://docs.kernel.org/driver-api/vfio-mediated-device.html
"""

EXAMPLES = r"""
- name: Fill both cards with vGPUs of one type, whatever was there before
  vfio.devices.mdev_instance:
    instances:
      - type: GRID T4-2B
        parent: "0000:3b:00.0"
        count: max
      - type: GRID T4-2B
        parent: "0000:af:00.0"
        count: max
    exact: true

- name: Have four vGPUs somewhere on NUMA node 0, large ones if there is room
  vfio.devices.mdev_instance:
    instances:
      - type: [GRID T4-4Q, GRID T4-2Q]
        count: 4
        numa_node: 0

- name: Give one virtual function a vGPU type (vendor-specific VFIO)
  vfio.devices.mdev_instance:
    instances:
      - type: NVIDIA L40S-8Q
        parent: "0000:84:00.4"

- name: Have a crypto device with two adapters and one domain
  vfio.devices.mdev_instance:
    instances:
      - type: vfio_ap-passthrough
        parent: matrix
        uuid: 669d9b23-fe1b-4ecb-be08-a2fabca99b71
        attributes:
          - assign_adapter: "5"
          - assign_adapter: "6"
          - assign_domain: "4"

- name: Remove all unused devices of a card and list the busy ones
  vfio.devices.mdev_instance:
    instances:
      - parent: "0000:3b:00.0"
    state: absent
    on_busy: skip
"""

RETURN = r"""
instances:
  description: The devices that are kept, made or removed, and what was done to each. In check mode what would be done.
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
      description: Place of its entry in O(instances), counted from 0. Null for a device that no entry names.
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
  description: UUIDs and addresses that now belong to a device of another type.
  returned: always, unless the options are refused
  type: list
  elements: str
kept:
  description: UUIDs and addresses of devices that were as they shall be.
  returned: always, unless the options are refused
  type: list
  elements: str
busy:
  description: Devices that should go but had to stay, and who uses them.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    <<: *instance
    users:
      description: Who holds the device, as RV(vfio.devices.mdev_facts#module:ansible_facts.mdev.devices[].users).
      type: list
      elements: dict
missing:
  description: What could not be made because of busy devices.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    item:
      description: Place of the entry in O(instances).
      type: int
    types:
      description: The types of the entry.
      type: list
      elements: str
    count:
      description: How many are missing.
      type: int
failures:
  description: One sentence for each step that failed.
  returned: always, unless the options are refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 - comes first

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import together
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import NAMES
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot, summarize
from ansible_collections.vfio.devices.plugins.module_utils._instances import job
from ansible_collections.vfio.devices.plugins.module_utils._instances.wanted import parse_instances
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run

INSTANCE = {
    "type": {"type": "list", "elements": "str"},
    "parent": {"type": "str"},
    "uuid": {"type": "str"},
    "count": {"type": "str"},
    "numa_node": {"type": "raw"},
    "attributes": {"type": "list", "elements": "dict"},
    "autostart": {"type": "bool"},
    "label": {"type": "str"},
}


def main():
    module = AnsibleModule(
        argument_spec={
            "instances": {"type": "list", "elements": "dict", "required": True, "options": INSTANCE},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "exact": {"type": "bool", "default": False},
            "placement": {"type": "str", "choices": ["spread", "pack"], "default": "spread"},
            "on_busy": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "accept_unseen": {"type": "list", "elements": "str", "choices": list(NAMES), "default": []},
            "persist": {"type": "bool", "default": True},
            "timeout": {"type": "raw", "default": 30},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    options = module.params

    def work():
        wanted, options["timeout"] = together(
            lambda: parse_instances(options["instances"], options["state"], options["exact"]),
            lambda: duration(options["timeout"], "timeout"),
        )
        host = HostRoot(options["host_root"], options["timeout"])
        result = job.converge(host, options, wanted, module.check_mode, progress.budget())
        return result, summarize(host.warnings)

    run(module, work)


if __name__ == "__main__":
    main()
