#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: sriov_pf_mode
short_description: Switch cards between passthrough and SR-IOV virtual functions
version_added: 1.0.0
description:
  - Applies the desired mode of all cards of a host in one call. In mode V(pf) the card is passed through. In mode V(vf)
    the card keeps its native driver and has virtual functions.
  - The module computes a plan before the first write. Cards in use are never changed. If the desired state is not
    possible, the module fails with all reasons and changes nothing. Check mode computes the same plan.
  - Each write is verified by a read, because a driver may report success without an effect. If the change of a card
    fails, its previous state is restored, and the result reports it.
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
  functions:
    description: Desired state of the cards.
    type: list
    elements: dict
    required: true
    suboptions:
      pf:
        description:
          - PCI address or network interface of the physical function.
          - The interface disappears with its driver. In mode V(pf) the module stores the name of the interface, across
            a reboot only if O(persist=true).
        type: str
        required: true
      mode:
        description:
          - If V(pf), the card has no virtual functions and is bound to O(functions[].driver), so a guest can use the
            complete card.
          - If V(vf), the card is bound to its native driver and has O(functions[].num_vfs) virtual functions.
        type: str
        choices: [pf, vf]
        required: true
      num_vfs:
        description:
          - Number of virtual functions, or V(max) for the maximum of the driver. If V(0), the card remains with the
            host.
          - By default the number is not managed, and only drivers and settings of existing virtual functions are set.
          - A change between two numbers goes through V(0). All virtual functions are created again and lose settings of
            other programs.
          - NVIDIA GPUs support all virtual functions or none. The module calls C(/usr/lib/nvidia/sriov-manage).
          - Only valid in mode V(vf).
        type: str
      driver:
        description:
          - Driver of the card in mode V(pf), V(vfio-pci) or a variant of it. If V(native), the card keeps its own
            driver, for libvirt's managed mode.
          - The default is V(vfio-pci).
        type: str
      vf_driver:
        description:
          - Driver of the virtual functions. V(none) binds no driver, V(default) is the choice of the kernel.
          - New virtual functions are not bound to any other driver first. During their creation
            C(sriov_drivers_autoprobe) of the card is V(0). The next run completes an interrupted run.
          - By default the kernel chooses the driver of new virtual functions, and the drivers of existing functions
            remain.
          - The driver must be loaded.
        type: str
      drivers_autoprobe:
        description:
          - Whether the kernel binds a driver to new virtual functions. By default the current value remains.
        type: bool
      reconfigurable:
        description: Whether the card may be changed. If V(false), changes are rejected.
        type: bool
        default: true
      vfs:
        description:
          - Virtual functions with their own settings or drivers. Omitted settings remain unchanged.
          - Settings of the network require a network card and the program C(ip) on the host.
          - Shares of a GPU require an Intel GPU. Its driver is xe with Linux 6.19 or later, or i915 with SR-IOV. Shares
            are set before the virtual functions are created.
          - Both drivers have C(exec_quantum_ms), C(preempt_timeout_us) and C(vram_quota). Only i915 has C(ggtt_quota),
            C(contexts_quota) and C(doorbells_quota).
        type: list
        elements: dict
        suboptions:
          index:
            description: Index of the virtual function, counted from 0, or a range such as V(2-5).
            type: str
            required: true
          driver:
            description: Driver of these virtual functions. The default is O(functions[].vf_driver).
            type: str
          mac:
            description: MAC address. Only for one virtual function.
            type: str
          vlan:
            description: VLAN id that the card adds and removes, up to 4094. V(0) means no VLAN.
            type: raw
          qos:
            description: Priority in the VLAN tag, from 0 to 7.
            type: raw
          spoofchk:
            description: Whether the card drops packets with another sender address.
            type: bool
          trust:
            description:
              - Whether the virtual function is trusted. It may change its MAC address and enable promiscuous mode.
            type: bool
          link_state:
            description: Link state. V(auto) follows the card, V(enable) is always up, V(disable) is always down.
            type: str
            choices: [auto, enable, disable]
          min_tx_rate:
            description: Minimum transmit rate in Mbit/s. V(0) means no guarantee.
            type: raw
          max_tx_rate:
            description: Maximum transmit rate in Mbit/s. V(0) means no limit.
            type: raw
          exec_quantum_ms:
            description: Time slice of the virtual function on an Intel GPU in ms. V(0) means no limit.
            type: raw
          preempt_timeout_us:
            description:
              - Time in microseconds after which the work of the virtual function is stopped when its time slice on an
                Intel GPU ends. V(0) means no limit.
            type: raw
          vram_quota:
            description: Memory of an Intel GPU for the virtual function in MiB.
            type: raw
          ggtt_quota:
            description:
              - Addresses of an Intel GPU with the driver i915 for the virtual function in MiB.
              - V(0) means an equal part. Set it for all virtual functions or none.
            type: raw
          contexts_quota:
            description:
              - Contexts of an Intel GPU with the driver i915 for the virtual function, a multiple of 128. V(0) means an
                equal part.
              - Set it for all virtual functions or none.
            type: raw
          doorbells_quota:
            description:
              - Doorbells of an Intel GPU with the driver i915 for the virtual function. V(0) means an equal part.
            type: raw
      eswitch:
        description:
          - Mode of the embedded switch of the card. It is changed while the card has no virtual functions.
          - Requires the program C(devlink) on the host.
        type: str
        choices: [legacy, switchdev]
      label:
        description:
          - Name of the entry in messages. The default is its index. The roles set the name of the profile.
        type: str
  on_busy:
    description:
      - Handling of cards in use. Users are processes and guests with one of its functions, mediated devices and vGPUs,
        mounted disks, and the host network.
      - V(fail) changes nothing and reports all users. V(skip) skips these cards and changes the others.
      - A card to pass through is also skipped if a skipped card shares its IOMMU group.
    type: str
    choices: [fail, skip]
    default: fail
  allow_host_network:
    description:
      - Whether to change a card that carries the default route or the Ansible connection.
      - Also whether to change a card that is a port of a bond, bridge or team, or has a VLAN. The host can lose its
        network connection.
      - Messages name the role variable C(sriov_allow_host_network).
    type: bool
    default: false
  persist:
    description:
      - Whether to record the mode of a card in C(/etc/vfio-devices). If M(vfio.devices.boot_restore) is installed, it
        restores the card at boot and after a passthrough, with its virtual functions, drivers and settings.
      - Otherwise a udev rule creates the virtual functions when the native driver is bound. The next run restores their
        drivers and settings, mode V(pf), and virtual functions of GPUs.
      - A file at the path of the udev rule that was not written by this collection is rejected.
      - If V(false), the record and the udev rule of these cards are removed.
    type: bool
    default: true
  timeout:
    default: 60
seealso:
  - module: vfio.devices.boot_restore
  - module: vfio.devices.mdev_facts
  - module: vfio.devices.mdev_instance
  - name: PCI Express I/O Virtualization Howto
    description: SR-IOV in the kernel.
    link: https://docs.kernel.org/PCI/pci-iov-howto.html
notes:
  - A defined libvirt domain blocks changes of its virtual functions, and mode V(vf) of its card. It does not block mode
    V(pf).
  - After a failure the next run continues.
  - The module warns about files of systemd, NetworkManager and netplan that set the number of virtual functions.
"""

EXAMPLES = r"""
- name: Create virtual functions and pass a card through
  vfio.devices.sriov_pf_mode:
    functions:
      - pf: ens1f0
        mode: vf
        num_vfs: 8
        vf_driver: vfio-pci
      - pf: "0000:41:00.0"
        mode: pf

- name: Configure virtual functions of one card
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

- name: Enable all virtual functions of the GPUs
  vfio.devices.sriov_pf_mode:
    functions:
      - {pf: "0000:41:00.0", mode: vf, num_vfs: max}
      - {pf: "0000:81:00.0", mode: vf, num_vfs: max}

- name: Prepare a card for libvirt's managed mode
  vfio.devices.sriov_pf_mode:
    functions:
      - pf: "0000:41:00.0"
        mode: pf
        driver: native

- name: Remove the virtual functions of a card
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
      description: Index of its entry in O(functions), counted from 0.
      type: int
      sample: 0
    action:
      description:
        - V(unchanged) or V(changed). If O(on_busy=skip), also V(busy).
        - After a failure, V(restored) if the previous state of the card is restored, and V(failed) if it is not.
        - Also V(pending) if the kernel has not completed the change, and V(skipped) if the change was not started.
      type: str
      sample: changed
    before:
      description: The card before the changes.
      type: dict
      contains: &card
        mode:
          description: V(pf) if it is bound to a VFIO driver, V(vf) if it has virtual functions, else V(host).
          type: str
          sample: vf
        driver:
          description: Driver of the card, or null. In check mode also null if the kernel will choose the driver.
          type: str
          sample: ice
        driver_override:
          description: The only driver that the kernel binds to it, or null.
          type: str
        num_vfs:
          description: Number of virtual functions.
          type: int
          sample: 8
        drivers_autoprobe:
          description: Whether the kernel binds a driver to new virtual functions, null without SR-IOV.
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
              description: Index of the virtual function.
              type: int
              sample: 0
            address:
              description: PCI address.
              type: str
              sample: "0000:41:00.4"
            driver:
              description: Driver, or null. In check mode also null if the kernel will choose the driver.
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
      description: The card after the changes. In check mode the prediction.
      type: dict
      contains: *card
    done:
      description: One sentence for each completed step.
      type: list
      elements: str
      sample: [made 8 virtual functions]
    busy:
      description: One sentence for each use of a skipped card.
      type: list
      elements: str
    error:
      description: The failure, and the current state of the card. Null without a failure.
      type: str
    seconds:
      description: Duration of the changes. Null without changes, and in check mode.
      type: float
      sample: 2.417
failures:
  description: One sentence for each card that failed.
  returned: always, unless the options are refused
  type: list
  elements: str
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import ACCEPT_UNSEEN
from ansible_collections.vfio.devices.plugins.module_utils._modes.entry_point import set_modes
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import FUNCTION
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec={
            "functions": {"type": "list", "elements": "dict", "required": True, "options": FUNCTION},
            "on_busy": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "accept_unseen": ACCEPT_UNSEEN,
            "allow_host_network": {"type": "bool", "default": False},
            "persist": {"type": "bool", "default": True},
            "timeout": {"type": "raw", "default": 60},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    run(module, lambda: set_modes(module.params, Call(module.check_mode, progress.budget(), os.getpid())))


if __name__ == "__main__":
    main()
