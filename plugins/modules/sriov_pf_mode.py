#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: sriov_pf_mode
short_description: Switch cards between whole passthrough and SR-IOV virtual functions
version_added: 1.0.0
description:
  - Brings all cards of a host, in one call, into the mode that is wanted. A card is given away whole (mode V(pf)), or
    it stays with its native driver and makes virtual functions (mode V(vf)).
  - Everything is planned before the first write, and what is in use is never touched. What cannot be done is refused as
    a whole, with all reasons at once. Check mode makes the very same plan.
  - Each write is read back, since a driver may report success and do nothing. A card whose change fails is put back to
    what it was, and the result says so.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.long
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.changing
options:
  functions:
    description: The cards, and what they shall be.
    type: list
    elements: dict
    required: true
    suboptions:
      pf:
        description:
          - The physical function, by its PCI address or by the name of its network interface.
          - The interface goes away with its driver. The name is remembered for as long as this module has the card in
            mode V(pf), over a reboot only with O(persist=true).
        type: str
        required: true
      mode:
        description:
          - With V(pf) the card has no virtual functions and is bound to O(functions[].driver), so that a guest can have
            all of it.
          - With V(vf) the card is bound to its native driver and has O(functions[].num_vfs) virtual functions.
        type: str
        choices: [pf, vf]
        required: true
      num_vfs:
        description:
          - How many virtual functions, or V(max) for as many as the driver can make. With V(0) the host has the card
            for itself.
          - When it is left out, the number belongs to somebody else, and only drivers and settings of the virtual
            functions that exist are set.
          - A number other than V(0) is changed through 0, so that all virtual functions are made anew and lose what was
            set up on them by others.
          - GPUs of NVIDIA make all or none. Their C(/usr/lib/nvidia/sriov-manage) is used for it.
          - Only for mode V(vf).
        type: str
      driver:
        description:
          - Driver of the card in mode V(pf), V(vfio-pci) or a variant of it. With V(native) the card stays with its
            own driver, for guests whose devices libvirt manages.
          - The default is V(vfio-pci).
        type: str
      vf_driver:
        description:
          - Driver of the virtual functions. V(none) keeps all drivers away from them, V(default) is what the kernel's
            own matching gives.
          - New virtual functions meet no other driver before. While they are made, C(sriov_drivers_autoprobe) of the
            card is V(0), and a run that ends in the middle is continued by the next one.
          - When it is left out, the kernel chooses for new virtual functions, and others are left as they are.
          - The driver must be loaded.
        type: str
      drivers_autoprobe:
        description:
          - Whether the kernel looks for a driver for new virtual functions. When it is left out, it stays as it is.
        type: bool
      reconfigurable:
        description: With V(false) the card is pinned. Whatever would change it is refused.
        type: bool
        default: true
      vfs:
        description:
          - Single virtual functions or ranges of them, with settings or drivers of their own. What an entry does not
            name stays as it is.
          - Settings need a network card and the program C(ip) on the host.
        type: list
        elements: dict
        suboptions:
          index:
            description: Number of the virtual function, counted from 0, or a range such as V(2-5).
            type: str
            required: true
          driver:
            description: Driver of these virtual functions, instead of O(functions[].vf_driver).
            type: str
          mac:
            description: MAC address. Only for one virtual function.
            type: str
          vlan:
            description: VLAN that the card adds and removes, up to 4094, V(0) for none.
            type: raw
          qos:
            description: Priority in the VLAN tag, from 0 to 7.
            type: raw
          spoofchk:
            description: Whether the card drops packets with other sender addresses.
            type: bool
          trust:
            description: Whether the virtual function may do what others must not, such as receive everything.
            type: bool
          link_state:
            description: Whether the link is always up, always down, or that of the card.
            type: str
            choices: [auto, enable, disable]
          min_tx_rate:
            description: Least bandwidth in Mbit/s, V(0) for none.
            type: raw
          max_tx_rate:
            description: Most bandwidth in Mbit/s, V(0) for no limit.
            type: raw
      eswitch:
        description:
          - Mode of the card's embedded switch. It is changed while there are no virtual functions.
          - Needs the program C(devlink) on the host.
        type: str
        choices: [legacy, switchdev]
      label:
        description:
          - What messages call the entry, instead of its place in the list. The roles name its profile.
        type: str
  on_busy:
    description:
      - What to do when a card that has to change is in use, by a process or by a domain of libvirt that has one of its
        functions, by mediated devices or vGPUs, by a mounted disk, or by the host's network.
      - V(fail) changes nothing and names all uses. V(skip) leaves these cards as they are and changes the others.
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
  allow_host_network:
    description:
      - Change also a card that carries the default route or the connection of Ansible, or that is a port of a bond, a
        bridge or a team, or has a VLAN on top.
    type: bool
    default: false
  persist:
    description:
      - Keep the mode of a card, as a record in C(/etc/vfio-devices). Where M(vfio.devices.boot_restore) is installed,
        the card is brought back to it at boot and after a passthrough, with all its virtual functions, their drivers
        and their settings.
      - Elsewhere a rule of udev makes the virtual functions again when the native driver is bound. Their drivers and
        settings, mode V(pf), and virtual functions of GPUs come back with another run.
      - A file at the path of that rule that was not written by this collection is refused.
      - With V(false) the record and the rule of these cards are removed.
    type: bool
    default: true
  timeout:
    default: 60
seealso:
  - module: vfio.devices.boot_restore
  - module: vfio.devices.mdev_facts
  - module: vfio.devices.mdev_instance
  - name: PCI Express I/O Virtualization Howto
    description: How the kernel presents SR-IOV.
    link: https://docs.kernel.org/PCI/pci-iov-howto.html
notes:
  - A domain of libvirt that is only defined keeps its virtual functions from being changed, and a whole card from being
    split. It does not keep a card from being given away whole.
  - After a failure another run goes on from there.
  - Systemd, NetworkManager and netplan can set the number of virtual functions as well. Their files are warned of.
"""

EXAMPLES = r"""
- name: Split one card into eight virtual functions for guests, and give another one away whole
  vfio.devices.sriov_pf_mode:
    functions:
      - pf: ens1f0
        mode: vf
        num_vfs: 8
        vf_driver: vfio-pci
      - pf: "0000:41:00.0"
        mode: pf

- name: Use one card for several things
  vfio.devices.sriov_pf_mode:
    functions:
      - pf: "0000:31:00.0"
        mode: vf
        num_vfs: 16
        vfs:
          - index: "0"
            mac: 52:54:00:12:34:56
            vlan: 100
            trust: true
          - index: 2-7
            driver: vfio-pci
            spoofchk: true
            max_tx_rate: 1000
          - index: 8-15
            driver: none

- name: Enable all virtual functions of the GPUs, in front of mdev_instance
  vfio.devices.sriov_pf_mode:
    functions:
      - {pf: "0000:41:00.0", mode: vf, num_vfs: max}
      - {pf: "0000:81:00.0", mode: vf, num_vfs: max}

- name: Leave a card to libvirt's managed mode, without virtual functions that would vanish under guests
  vfio.devices.sriov_pf_mode:
    functions:
      - pf: "0000:41:00.0"
        mode: pf
        driver: native

- name: Take a card back for the host, if nobody uses it
  vfio.devices.sriov_pf_mode:
    functions:
      - pf: "0000:41:00.0"
        mode: vf
        num_vfs: 0
    on_busy: skip
    persist: false
"""

RETURN = r"""
functions:
  description: One entry for each card, in the order of O(functions).
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    pf:
      description: PCI address of the card.
      type: str
      sample: "0000:41:00.0"
    item:
      description: Place of its entry in O(functions), counted from 0.
      type: int
      sample: 0
    action:
      description:
        - V(unchanged) or V(changed). With O(on_busy=skip) also V(busy).
        - After a failure V(restored) for a card that was put back to what it was, V(failed) for one that was not,
          V(pending) for one whose change the kernel has not ended, V(skipped) for one that was not begun.
      type: str
      sample: changed
    before:
      description: The card as it was found.
      type: dict
      contains: &card
        mode:
          description: V(pf) if a VFIO driver has it, V(vf) if it has virtual functions, else V(host).
          type: str
          sample: vf
        driver:
          description: Driver of the card, or null. In check mode null also where the kernel will choose.
          type: str
          sample: ice
        driver_override:
          description: The only driver that may have it, or null.
          type: str
        num_vfs:
          description: Number of virtual functions.
          type: int
          sample: 8
        drivers_autoprobe:
          description: Whether the kernel looks for a driver for new virtual functions, null without SR-IOV.
          type: bool
        netdevs:
          description: Network interfaces of the card itself.
          type: list
          elements: str
          sample: [ens1f0]
        virtual_functions:
          description: Its virtual functions.
          type: list
          elements: dict
          contains:
            index:
              description: Number of the virtual function.
              type: int
              sample: 0
            address:
              description: PCI address.
              type: str
              sample: "0000:41:00.4"
            driver:
              description: Driver, or null. In check mode null also where the kernel will choose.
              type: str
              sample: vfio-pci
            iommu_group:
              description: Number of the IOMMU group, or null. In check mode null for a new virtual function.
              type: int
              sample: 73
            netdev:
              description: Network interface, or null. In check mode null for a new virtual function.
              type: str
    after:
      description: The card as it is now. In check mode as it would be.
      type: dict
      contains: *card
    done:
      description: One sentence for each step that was done.
      type: list
      elements: str
      sample: [made 8 virtual functions]
    busy:
      description: One sentence for each use because of which the card was left as it is.
      type: list
      elements: str
    error:
      description: What failed, and in which state the card is now. Null without a failure.
      type: str
    seconds:
      description: How long the changes took. Null if there were none, and in check mode.
      type: float
      sample: 2.417
failures:
  description: One sentence for each card that failed.
  returned: always, unless the options are refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 - comes first

# isort: split
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import together
from ansible_collections.vfio.devices.plugins.module_utils._guards import network
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import NAMES
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._modes import job, wanted
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run

VIRTUAL_FUNCTION = {
    "index": {"type": "str", "required": True},
    "driver": {"type": "str"},
    "mac": {"type": "str"},
    "vlan": {"type": "raw"},
    "qos": {"type": "raw"},
    "spoofchk": {"type": "bool"},
    "trust": {"type": "bool"},
    "link_state": {"type": "str", "choices": ["auto", "enable", "disable"]},
    "min_tx_rate": {"type": "raw"},
    "max_tx_rate": {"type": "raw"},
}
FUNCTION = {
    "pf": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": ["pf", "vf"], "required": True},
    "num_vfs": {"type": "str"},
    "driver": {"type": "str"},
    "vf_driver": {"type": "str"},
    "drivers_autoprobe": {"type": "bool"},
    "reconfigurable": {"type": "bool", "default": True},
    "vfs": {"type": "list", "elements": "dict", "options": VIRTUAL_FUNCTION},
    "eswitch": {"type": "str", "choices": ["legacy", "switchdev"]},
    "label": {"type": "str"},
}


def main():
    module = AnsibleModule(
        argument_spec={
            "functions": {"type": "list", "elements": "dict", "required": True, "options": FUNCTION},
            "on_busy": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "accept_unseen": {"type": "list", "elements": "str", "choices": list(NAMES), "default": []},
            "allow_host_network": {"type": "bool", "default": False},
            "persist": {"type": "bool", "default": True},
            "timeout": {"type": "raw", "default": 60},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    options = module.params

    def work():
        entries, options["timeout"] = together(
            lambda: wanted.parse_functions(options["functions"]), lambda: duration(options["timeout"], "timeout")
        )
        host = HostRoot(options["host_root"], options["timeout"])
        connection = network.connection_of(host, os.environ, os.getpid())
        result = job.converge(host, options, entries, connection, module.check_mode, progress.budget())
        return result, result.pop("warnings")

    run(module, work)


if __name__ == "__main__":
    main()
