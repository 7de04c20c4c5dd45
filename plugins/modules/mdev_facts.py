#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mdev_facts
short_description: Discover mediated devices, vGPUs, SR-IOV functions and their users
version_added: 1.0.0
description:
  - Reads the devices that VFIO can share on a host from C(/sys), C(/proc) and C(/etc), and returns
    C(ansible_facts.mdev). The facts contain physical functions with their virtual functions, and parents with their
    types. They also contain existing and defined mediated devices and vGPUs, and the state of the IOMMU and mdevctl.
  - Supports both frameworks, mediated devices (mdev) on any bus, and the NVIDIA vendor-specific VFIO framework, in
    which an SR-IOV virtual function gets a vGPU type.
  - Never writes, and never waits longer than O(timeout) for a locked device or a driver that does not respond.
    Unreadable or invalid values are null, and are listed in RV(ansible_facts.mdev.warnings).
  - All ids are strings in lower case without C(0x).
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.facts
  - vfio.devices._attributes.host
  - vfio.devices._host
  - vfio.devices._host.reading
options:
  gather:
    description:
      - Parts to return. Unlisted parts are not read.
      - V(users) adds the users of devices. It reads the open files of all processes and queries libvirt, so it is not
        part of the default.
      - V(mig) adds the MIG state of NVIDIA GPUs to V(physical_functions). It runs C(nvidia-smi), which may take
        seconds, so it is not part of the default.
      - V(models) adds the names of models to V(physical_functions), and the versions of the kernel and of drivers. It
        reads the host's C(pci.ids), a large file, so it is not part of the default.
      - V(serial_numbers) adds to V(physical_functions) whether a card has a serial number. The firmware of the card
        answers, which may take seconds, so it is not part of the default.
      - V(published_root) adds the root in Placement below which the role P(vfio.devices.placement#role) has published
        the cards.
    type: list
    elements: str
    choices:
      [physical_functions, parents, devices, iommu, mdevctl, users, mig, models, serial_numbers, published_root]
    default: [physical_functions, parents, devices, iommu, mdevctl]
  classes:
    description:
      - PCI classes of functions to list without SR-IOV or mediated devices.
        Two, four or six hexadecimal digits each.
      - The default contains network controllers, NVMe, display and 3D controllers, NVSwitches, and
        processing accelerators.
    type: list
    elements: str
    default: ['02', '0108', '03', '0680', '12']
notes:
  - Only root can read the open files of other users' processes. For other users O(gather=users) is incomplete, and
    RV(ansible_facts.mdev.warnings) contains a warning.
  - libvirt domains are reported if libvirt-python is installed on the host and a libvirt socket exists.
seealso:
  - name: VFIO mediated devices
    description: Mediated devices in the kernel.
    link: https://docs.kernel.org/driver-api/vfio-mediated-device.html
  - name: PCI Express I/O Virtualization
    description: SR-IOV in the kernel.
    link: https://docs.kernel.org/PCI/pci-iov-howto.html
"""

EXAMPLES = r"""
- name: Discover what the host can share
  vfio.devices.mdev_facts:

- name: Show the free instances of each type
  ansible.builtin.debug:
    msg: "{{ ansible_facts.mdev.parents | map(attribute='name')
             | zip(ansible_facts.mdev.parents | map(attribute='types')) }}"

- name: Read the users of the devices
  vfio.devices.mdev_facts:
    gather: [physical_functions, devices, users]

- name: Read accelerators and crypto controllers only
  vfio.devices.mdev_facts:
    gather: [physical_functions]
    classes: ['12', '1000']
"""

RETURN = r"""
ansible_facts:
  description: Facts to add to the host's C(ansible_facts).
  returned: success
  type: dict
  contains:
    mdev:
      description: Devices of the host that VFIO can share. Contains only the parts in O(gather).
      returned: success
      type: dict
      contains:
        physical_functions:
          description: PCI functions with SR-IOV, with support for mediated devices, or of one of the O(classes).
          returned: when V(physical_functions) is gathered
          type: list
          elements: dict
          contains:
            address:
              description: PCI address.
              type: str
              sample: "0000:3b:00.0"
            vendor_id:
              description: PCI vendor id.
              type: str
              sample: "10de"
            product_id:
              description: PCI device id.
              type: str
              sample: "1eb8"
            subsystem_vendor_id:
              description: PCI subsystem vendor id.
              type: str
              sample: "10de"
            subsystem_product_id:
              description: PCI subsystem id.
              type: str
              sample: "12a2"
            class:
              description: Base class and subclass.
              type: str
              sample: "0302"
            driver:
              description: The driver that the function is bound to, or null.
              type: str
              sample: nvidia
            driver_override:
              description: The only driver that may bind to the function, or null if any matching driver may.
              type: str
              sample: vfio-pci
            numa_node:
              description: NUMA node, or null if the firmware does not report one.
              type: int
              sample: 0
            iommu_group:
              description: Number of the IOMMU group, or null without an IOMMU.
              type: int
              sample: 27
            mode:
              description:
                - V(pf) if the function is bound to a VFIO driver, V(vf) if it has virtual functions, and V(host)
                  otherwise.
              type: str
              sample: host
            total_vfs:
              description: Maximum number of virtual functions of the driver. 0 without SR-IOV.
              type: int
              sample: 16
            num_vfs:
              description: Number of virtual functions.
              type: int
              sample: 0
            vf_product_id:
              description: PCI device id of existing or future virtual functions. Null without SR-IOV.
              type: str
              sample: "1889"
            drivers_autoprobe:
              description: Whether the kernel binds drivers to new virtual functions. Null without SR-IOV.
              type: bool
              sample: true
            netdevs:
              description: Network interfaces of the function, without representors.
              type: list
              elements: str
              sample: []
            framework:
              description:
                - Framework of the function or its virtual functions, such as V(mdev) or V(vendor_vfio). Null without
                  a framework.
              type: str
              sample: mdev
            unreadable:
              description: Reason if the state of the card is unknown. Other fields are then incomplete.
              returned: when a file of the card did not answer, or does not show whether a vGPU exists
              type: str
              sample: >-
                /sys/bus/pci/devices/0000:84:00.4/nvidia/current_vgpu_type did not answer within 2 s: further driver
                files of 0000:84:00.0 were not read. Read the messages about 0000:84:00.0 in dmesg
            virtual_functions:
              description: The virtual functions in the order of their index.
              type: list
              elements: dict
              contains:
                address:
                  description: PCI address.
                  type: str
                  sample: "0000:41:00.4"
                index:
                  description: Index of the virtual function, counted from 0.
                  type: int
                  sample: 0
                driver:
                  description: Driver of the virtual function, or null.
                  type: str
                  sample: vfio-pci
                iommu_group:
                  description: Number of the IOMMU group, or null without an IOMMU.
                  type: int
                  sample: 41
                netdev:
                  description: Network interface, or null.
                  type: str
                  sample: ens1f0v0
                users:
                  description: Users, as in RV(ansible_facts.mdev.devices[].users).
                  type: list
                  elements: dict
                vdpa:
                  description: Names of the vDPA devices on the function.
                  returned: when there is one
                  type: list
                  elements: str
                  sample: [vdpa0]
                shares:
                  description: Share of an Intel GPU for the function. Fields without support in the kernel are null.
                  returned: for Intel GPUs with the driver xe and Linux 6.19 or later, or the driver i915 with SR-IOV
                  type: dict
                  contains:
                    exec_quantum_ms:
                      description: Longest time in ms before other functions get the GPU. V(0) means no limit.
                      type: int
                      sample: 20
                    preempt_timeout_us:
                      description: Time in µs to leave the GPU before the function is reset. V(0) means no limit.
                      type: int
                      sample: 1000000
                    vram_quota:
                      description: Memory of the GPU in MiB.
                      type: int
                      sample: 4096
                    ggtt_quota:
                      description: Addresses of the GPU in MiB. Only with the driver i915.
                      type: int
                      sample: 512
                    contexts_quota:
                      description: Contexts of the GPU. Only with the driver i915.
                      type: int
                      sample: 8192
                    doorbells_quota:
                      description: Doorbells of the GPU. Only with the driver i915.
                      type: int
                      sample: 32
                    auto_provisioning:
                      description: Whether the driver gives equal parts to new functions. Only with the driver i915.
                      type: bool
                      sample: true
                    sched_priority:
                      description: Scheduling priority, V(low), V(normal) or V(high). Only with the driver xe.
                      type: str
                      sample: normal
            model:
              description:
                - Name of the model from its driver or from C(pci.ids) of the host. Null if neither has one.
              returned: when V(models) is gathered
              type: str
              sample: Tesla T4
            vgpu_scheduler:
              description:
                - How an NVIDIA GPU divides its time among time-sliced vGPUs, from the module parameters that the driver
                  was loaded with. A number is null if the driver chooses it.
              returned: for GPUs with NVIDIA vGPUs, when the driver shows its parameters
              type: dict
              contains:
                policy:
                  description: Policy, V(best_effort), V(equal_share), V(fixed_share) or V(unknown).
                  type: str
                  sample: equal_share
                time_slice_ms:
                  description: Time in ms after which the next vGPU has its turn.
                  type: int
                  sample: 3
                averaging_factor:
                  description: Averaging factor of the strict round-robin policy.
                  type: int
                  sample: 60
                frequency:
                  description: Frequency of the strict round-robin policy in Hz.
                  type: int
                  sample: 960
                registry:
                  description: The registry key C(RmPVMRL) of the driver. Null if it is not set.
                  type: str
                  sample: "0x00030001"
            has_serial_number:
              description:
                - Whether the Vital Product Data of a card with SR-IOV has a serial number that libvirt reports. Null if
                  it cannot be read.
              returned: when V(serial_numbers) is gathered
              type: bool
              sample: true
            mig:
              description:
                - MIG of an NVIDIA GPU, without profiles if the GPU does not support it. Null for other cards, and if
                  C(nvidia-smi) does not answer or list the GPU.
              returned: when V(mig) is gathered
              type: dict
              contains:
                enabled:
                  description: Whether MIG is enabled.
                  type: bool
                  sample: true
                pending:
                  description: Whether MIG is enabled after the next reset of the GPU.
                  type: bool
                  sample: true
                instances:
                  description: Its GPU instances, by memory slice.
                  type: list
                  elements: dict
                  contains:
                    id:
                      description: Number of the instance.
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
                profiles:
                  description: Profiles of GPU instances.
                  type: list
                  elements: dict
                  contains:
                    name:
                      description: Name of the profile.
                      type: str
                      sample: 1g.18gb
                    memory_mib:
                      description: Memory of an instance in MiB.
                      type: int
                      sample: 16384
                    most:
                      description: Maximum number on one GPU.
                      type: int
                      sample: 7
                    size:
                      description: Number of memory slices of an instance.
                      type: int
                      sample: 1
                    starts:
                      description: Possible first memory slices.
                      type: list
                      elements: int
                      sample: [0, 1, 2, 3, 4, 5, 6]
            users:
              description: Users, as in RV(ansible_facts.mdev.devices[].users).
              type: list
              elements: dict
        parents:
          description: The parents, which support vGPUs and other mediated devices.
          returned: when V(parents) is gathered
          type: list
          elements: dict
          contains:
            name:
              description: Name of the parent, which is its PCI address on the PCI bus.
              type: str
              sample: "0000:3b:00.0"
            bus:
              description: Bus or class of the device.
              type: str
              sample: pci
            address:
              description: PCI address, or null on another bus.
              type: str
              sample: "0000:3b:00.0"
            physical_function:
              description:
                - PCI address of the card. It is the physical function of a virtual function, and the function itself
                  otherwise. Null on another bus.
              type: str
              sample: "0000:3b:00.0"
            numa_node:
              description: NUMA node of the card, or null.
              type: int
              sample: 0
            framework:
              description: Name of the framework, such as V(mdev) or V(vendor_vfio).
              type: str
              sample: mdev
            unreadable:
              description: The same as that of its physical function.
              returned: when the state of the card is unknown
              type: str
            types:
              description:
                - The types that the parent offers. In the vendor-specific framework only types with room, so none on a
                  virtual function with a type.
              type: list
              elements: dict
              contains:
                id:
                  description: Id of the type, which may differ between driver versions.
                  type: str
                  sample: nvidia-223
                name:
                  description: Name of the type, or null if the driver has no name.
                  type: str
                  sample: GRID T4-2B
                description:
                  description: Description of the driver, or null.
                  type: str
                  sample: num_heads=4, frl_config=45, framebuffer=2048M, max_resolution=5120x2880, max_instance=8
                attributes:
                  description:
                    - Attributes in the description, by their names in the driver. Numbers are integers, sizes are in
                      MiB. An invalid number is null.
                  type: dict
                  sample: {num_heads: 4, framebuffer: 2048, max_instance: 8}
                device_api:
                  description: VFIO API of the device.
                  type: str
                  sample: vfio-pci
                available_instances:
                  description:
                    - Number of further devices. Often shared with other types and parents.
                    - V(0) also for types that the vendor-specific VFIO framework currently does not list, because the
                      GPU has vGPUs. Such types are known from other GPUs of the same model, or saved by
                      M(vfio.devices.mdev_instance).
                  type: int
                  sample: 8
                max_instances:
                  description:
                    - Maximum that the driver reports for a GPU, otherwise the sum of existing and available instances
                      of the type.
                  type: int
                  sample: 8
        devices:
          description: Mediated devices and virtual functions with a vGPU type.
          returned: when V(devices) is gathered
          type: list
          elements: dict
          contains:
            uuid:
              description: UUID of a mediated device, or null.
              type: str
              sample: c2177883-f1bb-47f0-914d-32a22e3a8804
            address:
              description: PCI address of a virtual function with a vGPU type, or null.
              type: str
              sample: "0000:41:00.4"
            framework:
              description: Name of the framework, such as V(mdev) or V(vendor_vfio).
              type: str
              sample: mdev
            type:
              description: Id of the type, or null if it is unknown.
              type: str
              sample: nvidia-223
            type_name:
              description: Name of the type, or null if it is unknown.
              type: str
              sample: GRID T4-2B
            parent:
              description: Name of the parent device.
              type: str
              sample: "0000:3b:00.0"
            iommu_group:
              description: Number of the IOMMU group, or null.
              type: int
              sample: 43
            state:
              description:
                - V(active) if it exists, V(defined) if mdevctl has a definition and the kernel has no device.
                - V(removing) if it was removed while a user has it open.
              type: str
              sample: active
            autostart:
              description: Whether mdevctl creates it at boot. Null without a definition.
              type: bool
              sample: true
            attributes:
              description: The attributes of the definition, in order, each a dictionary with one key.
              type: list
              elements: dict
              sample: []
            users:
              description: Users of the device. Null if V(users) is not gathered.
              type: list
              elements: dict
              contains:
                pid:
                  description: Process that has the device open, or null for a guest that does not run.
                  type: int
                  sample: 4242
                command:
                  description: Name of the process, or null.
                  type: str
                  sample: qemu-system-x86
                domain:
                  description: The libvirt or Proxmox VE guest, container or pod, or null.
                  type: str
                  sample: desktop-7
                running:
                  description: Whether the process or guest runs.
                  type: bool
                  sample: true
                device_file:
                  description: The device file of the card that the process has open, or null for VFIO and UIO.
                  type: str
                  sample: /dev/nvidia0
        iommu:
          description: State of the IOMMU.
          returned: when V(iommu) is gathered
          type: dict
          contains:
            enabled:
              description: Whether the kernel uses an IOMMU.
              type: bool
              sample: true
            group_count:
              description: Number of IOMMU groups, including those of mediated devices.
              type: int
              sample: 63
            shared_groups:
              description: The groups with more than one device. They can only be passed through as a whole.
              type: list
              elements: dict
              contains:
                group:
                  description: Number of the group.
                  type: int
                  sample: 12
                devices:
                  description: PCI addresses of its members, without bridges.
                  type: list
                  elements: str
                  sample: ["0000:00:1f.0", "0000:00:1f.3"]
            cpu_vendor:
              description:
                - Vendor of the processor's IOMMU, V(intel) or V(amd). Null for other processors.
              type: str
              sample: intel
            kernel_arguments:
              description: The command-line arguments of the running kernel, in order.
              type: list
              elements: str
              sample: [ro, quiet, intel_iommu=on, iommu=pt]
            vfio_drivers:
              description: The loaded VFIO PCI drivers.
              type: list
              elements: str
              sample: [vfio-pci]
        mdevctl:
          description: Whether the host can create mediated devices at boot.
          returned: when V(mdevctl) is gathered
          type: dict
          contains:
            program:
              description: Path of mdevctl, or null if it is not installed.
              type: str
              sample: /usr/bin/mdevctl
            udev_rule:
              description: Path of its active udev rule, or null.
              type: str
              sample: /lib/udev/rules.d/60-mdevctl.rules
            udev_program:
              description: Program of the udev rule, or null. If the rule calls several programs, the first missing one.
              type: str
              sample: /usr/sbin/mdevctl
            udev_works:
              description: Whether the udev rule and all its programs exist.
              type: bool
              sample: false
            restore_unit:
              description:
                - Path of the unit of M(vfio.devices.boot_restore), which restores devices at boot independent of
                  mdevctl, or null.
              type: str
              sample: /etc/systemd/system/vfio-devices-restore.service
        versions:
          description: Versions of the kernel and of drivers.
          returned: when V(models) and V(physical_functions) are gathered
          type: dict
          contains:
            kernel:
              description: Release of the running kernel, or null.
              type: str
              sample: 6.1.0-29-amd64
            drivers:
              description: Version of each driver of a card, by its name. Drivers without a version are omitted.
              type: dict
              sample: {nvidia: 550.163.02}
        published_root:
          description: Root in Placement below which the cards were published, from the record of the role
            P(vfio.devices.placement#role).
          returned: when V(published_root) is gathered
          type: dict
          contains:
            host:
              description: Identity of the host, derived from its machine id and hardware, or null without a machine id.
                Other records are ignored.
              type: str
              sample: 1b9d6bcd-bbfd-5b2d-9b5d-ab8dfbbd4bed
            uuid:
              description: UUID of the root, or null without a record.
              type: str
              sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
            name:
              description: Name of the root, or null without a record.
              type: str
              sample: compute1.example.com
        warnings:
          description: Unreadable values, with their reasons.
          returned: success
          type: list
          elements: str
          sample: []
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from ansible_collections.vfio.devices.plugins.module_utils._core.numbers import duration
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import evaluate_all
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot, summarize
from ansible_collections.vfio.devices.plugins.module_utils._run.facts import (
    DEFAULT_CLASSES,
    DEFAULT_PARTS,
    PARTS,
    observe,
)
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run


def main():
    module = AnsibleModule(
        argument_spec={
            "gather": {
                "type": "list",
                "elements": "str",
                "choices": list(PARTS),
                "default": list(DEFAULT_PARTS),
            },
            "classes": {"type": "list", "elements": "str", "default": list(DEFAULT_CLASSES)},
            "timeout": {"type": "raw", "default": 30},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    options = module.params

    def work():
        classes, timeout = evaluate_all(
            lambda: grammar.check_all(grammar.pci_class, options["classes"], "classes"),
            lambda: duration(options["timeout"], "timeout"),
        )
        facts = observe(HostRoot(options["host_root"], timeout), options["gather"], classes)
        return {"changed": False, "ansible_facts": {"mdev": facts}}, summarize(facts["warnings"])

    run(module, work, unchanged=None)


if __name__ == "__main__":
    main()
