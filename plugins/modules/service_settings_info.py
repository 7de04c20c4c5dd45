#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: service_settings_info
short_description: Find out whether an OpenStack service reads a settings file
version_added: 1.0.0
description:
  - Reads the start command of a service such as nova-compute, from its running process or else from its systemd unit
    with all drop-ins. Containers of kolla-ansible are found by their directory below C(/etc/kolla).
  - Reports whether the service reads a file, and which of the file's options another file sets that the service reads
    later. The order is that of oslo.config. Default directories come after the default files, but before files of
    C(--config-file).
  - Options that may be given several times, such as C([pci]alias), are never overridden. The service takes all of them,
    so RV(others) lists those of other files.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.info
  - vfio.devices._attributes.host
  - vfio.devices._host
options:
  project:
    description: Name of the project, which is the name of the default settings file.
    type: str
    required: true
  program:
    description: Name of the program, such as V(nova-compute).
    type: str
    required: true
  unit:
    description: Systemd unit of the service. Default is the name of the program.
    type: str
    default: ""
  path:
    description: Absolute path of the file, as the service sees it. The file may be missing.
    type: str
    required: true
  content:
    description: Text that the file has or will have.
    type: str
    default: ""
  present:
    description:
      - Current text of a file on another host, from which a tool such as kolla-ansible creates the files of the
        container. Options of this text are not in RV(others).
    type: str
    default: ""
seealso:
  - module: vfio.devices.managed_files
"""

EXAMPLES = r"""
- name: Check whether nova-compute reads a file
  vfio.devices.service_settings_info:
    project: nova
    program: nova-compute
    path: /etc/nova/nova.conf.d/50-vfio-devices.conf
  register: nova_service

- name: Fail if nova-compute does not read the file
  ansible.builtin.assert:
    that: nova_service.reads
"""

RETURN = r"""
source:
  description:
    - V(process), V(unit), V(kolla) for the command that kolla-ansible has configured, or null if the start of the
      service is unknown.
  returned: always
  type: str
  sample: process
version:
  description:
    - Version of the installed package with the name of the project, or null if it is unknown. The directory of the
      program determines the Python environment.
  returned: always
  type: str
  sample: 34.0.0
pid:
  description: Process of the service, or null.
  returned: always
  type: int
container:
  description: Whether the service is in a container. Its files are not those of the host.
  returned: always
  type: bool
kolla:
  description: Whether kolla-ansible has deployed the service.
  returned: always
  type: bool
files:
  description: Settings files, in the order of reading. Empty if the start of the service is unknown.
  returned: always
  type: list
  elements: str
  sample: [/etc/nova/nova.conf, /etc/nova/nova-compute.conf]
directories:
  description: Directories with further files.
  returned: always
  type: list
  elements: str
  sample: [/etc/nova/nova.conf.d, /etc/nova/nova-compute.conf.d]
reads:
  description: Whether the service reads O(path). Null if the start of the service is unknown.
  returned: always
  type: bool
overridden:
  description:
    - Options of O(content) that another file, which is read later, also sets. An environment variable of the service,
      such as C(OS_DEVICES__ENABLED_MDEV_TYPES), counts as such a file.
  returned: always
  type: list
  elements: dict
  contains:
    section:
      description: Section.
      type: str
      sample: devices
    option:
      description: Option.
      type: str
      sample: enabled_mdev_types
    file:
      description: The other file.
      type: str
      sample: /etc/nova/nova.conf
    value:
      description: Its value, if it is an option of nova's devices. Equal values are not listed.
      type: str
      sample: nvidia-223
others:
  description:
    - Options of nova's devices in all other files, in the order of reading and with the names of the newest release.
    - For a container, options of its files that are neither in O(content) nor in O(present). With kolla-ansible, these
      are the files of C(/etc/kolla) that the next start copies. Otherwise empty if the service does not read O(path).
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: The other file.
      type: str
      sample: /etc/nova/nova.conf
    section:
      description: Section.
      type: str
      sample: pci
    option:
      description: Option.
      type: str
      sample: device_spec
    value:
      description: Its value.
      type: str
      sample: '{"vendor_id": "10de"}'
    later:
      description: Whether the service reads the file after O(path).
      type: bool
    replaced:
      description: Whether kolla-ansible will replace the value, because O(content) sets the option too.
      type: bool
provider_directory:
  description: Directory from which nova-compute reads traits and inventories of providers.
  returned: always
  type: str
  sample: /etc/nova/provider_config
providers:
  description: The files C(*.yaml) of RV(provider_directory).
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: Path of the file, on the host if the container has a copy.
      type: str
      sample: /etc/nova/provider_config/site.yaml
    text:
      description:
        - Text of the file. Null if it cannot be read, and empty without C(schema_version), because a file of another
          kind may contain passwords.
      type: str
cyborg_gpus:
  description:
    - File in which a cyborg-agent of the host enables its driver for NVIDIA GPUs, or null. Cyborg then reports all of
      them to Placement.
  returned: always
  type: str
  sample: /etc/cyborg/cyborg.conf
cyborg_settings:
  description: Options of a cyborg-agent of the host that decide which devices it reports, in the order of reading.
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: The file.
      type: str
      sample: /etc/cyborg/cyborg.conf
    section:
      description: Section.
      type: str
      sample: agent
    option:
      description: Option.
      type: str
      sample: enabled_drivers
    value:
      description: Its value.
      type: str
      sample: intel_qat_driver
drivers:
  description:
    - Drivers of cyborg-agent in the list of another file that C(enabled_drivers) in O(path) replaces. Empty for other
      projects than cyborg.
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: The file.
      type: str
      sample: /etc/cyborg/cyborg.conf
    driver:
      description: A driver.
      type: str
      sample: intel_qat_driver
host_name:
  description: Name of the host in the kernel, or null.
  returned: always
  type: str
  sample: compute1
node_name:
  description:
    - Name that libvirt gives to the host, which nova uses for its compute node. The domain is that of C(/etc/hosts).
    - Null if the name is unknown, for example because only a name server has the domain.
  returned: always
  type: str
  sample: compute1.example.com
post_copy:
  description:
    - Whether nova permits post-copy for live migrations, with C(live_migration_permit_post_copy) of C([libvirt]).
      Guests with a PCI device cannot be migrated then.
  returned: always
  type: bool
undeployed:
  description:
    - Options of O(content) that are missing in the settings of a container of kolla-ansible. Either kolla-ansible has
      not run since they were written, or another of its files sets them.
  returned: always
  type: list
  elements: str
  sample: ["[pci]device_spec"]
problems:
  description: A sentence for each reason why settings of O(path) do not take effect, with its remedy.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      /etc/nova/nova.conf sets enabled_mdev_types of [devices] too, and nova-compute reads it later than
      /etc/nova/nova.conf.d/50-vfio-devices.conf. Remove the option from /etc/nova/nova.conf.
reports:
  description: Whether nova reports its PCI devices to Placement. nova does not support the end of this report.
  returned: always
  type: bool
  sample: false
unusable:
  description:
    - A sentence for each reason why the service uses no settings of devices in any file. Examples are a
      C(compute_driver) other than that of libvirt, and a line that the service cannot parse.
  returned: always
  type: list
  elements: str
  sample: []
unknown:
  description:
    - A sentence for each name in the settings of nova's devices that no nova release has, with the most similar name.
      The same sentences are warnings. Nova ignores most of these names without a message.
  returned: always
  type: list
  elements: str
  sample: ["/etc/nova/nova.conf: nova has no option device_specs in [pci]. Did you mean device_spec?"]
libvirt:
  description:
    - Version of the libvirt library, or null. If the service runs in a container, it is that of libvirt's container.
  returned: always
  type: str
  sample: 11.3.0
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe
from ansible_collections.vfio.devices.plugins.module_utils._services.options import checked


def main():
    module = AnsibleModule(
        argument_spec={
            "project": {"type": "str", "required": True},
            "program": {"type": "str", "required": True},
            "unit": {"type": "str", "default": ""},
            "path": {"type": "str", "required": True},
            "content": {"type": "str", "default": ""},
            # The file may belong to the operator and contain passwords.
            "present": {"type": "str", "default": "", "no_log": True},
            "host_root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    given = module.params

    def work():
        service = checked(given)
        host = HostRoot(given["host_root"])
        found = observe(host, *service, content=given["content"], present=given["present"])
        del found["later"]
        found["changed"] = False
        return found, list(host.warnings) + found["unknown"]

    run(module, work, unchanged=None)


if __name__ == "__main__":
    main()
