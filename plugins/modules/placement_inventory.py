#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: placement_inventory
short_description: Publish resource providers, inventories and traits in OpenStack Placement
version_added: 1.0.0
description:
  - Brings the providers of any number of hosts to what is wanted, in one call. Custom resource classes and traits that
    are missing are made.
  - Everything is planned before the first write. What must not be done is refused as a whole, with all reasons at
    once, also what Placement itself would wrongly take. Check mode makes the very same plan, UUIDs included.
  - What is allocated is safe. Nothing in use is dropped, removed or made smaller than its use, also when guests come
    and go during the run.
  - Providers that this module makes carry the trait C(CUSTOM_OWNER_VFIO_DEVICES), and only these are changed and
    removed. Those of nova, Cyborg and others take custom traits and nothing else.
author:
  - vfio.devices contributors (@vfio-devices)
extends_documentation_fragment:
  - vfio.devices._attributes.changing
  - vfio.devices._attributes.long
  - vfio.devices._attributes.openstack
  - vfio.devices._placement
options:
  providers:
    description:
      - The providers that shall exist, or with O(state=absent) the ones that shall not, in any order.
      - A provider is known by its name, which is unique in a cloud.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the provider. Needed to make one.
          - The names of nova-compute and cyborg-agent are refused for new providers, since these make their own.
        type: str
      uuid:
        description:
          - UUID of the provider. When it is left out, that of a new one is derived from the UUID of the root and the
            name, so that it is always the same.
        type: str
      parent:
        description:
          - Name or UUID of the provider above it, listed here or not.
          - Without it, the provider is the root of a tree, or exists already. Roots are only looked up, unless
            O(create_roots) is set.
        type: str
      inventories:
        description:
          - All inventories of the provider by resource class, such as C(VGPU) or C(CUSTOM_NIC_VF). Each is a
            dictionary with C(total), and if wanted C(reserved) (default 0), C(min_unit) (1), C(max_unit) (the total),
            C(step_size) (1) and C(allocation_ratio) (1.0).
          - Classes that are not listed are dropped. When the option is left out, the inventories stay as they are.
        type: dict
      traits:
        description:
          - Traits of the provider, treated as O(traits_mode) says. When the option is left out, they stay as they are.
          - C(CUSTOM_OWNER_VFIO_DEVICES) need not be listed. C(OWNER_NOVA), C(COMPUTE_NODE) and
            C(COMPUTE_MANAGED_PCI_DEVICE) are never set, nova-compute would take or remove the provider.
          - With C(OWNER_CYBORG) a provider has the shape that Cyborg makes. Only for hosts without cyborg-agent.
        type: list
        elements: str
      optional:
        description:
          - Never make this provider. Where it does not exist, it is left out with a warning, together with those that
            are listed below it. For providers that nova-compute or cyborg-agent makes, which may not be there yet.
        type: bool
        default: false
      drain:
        description: The same as O(drain) for this provider alone, and instead of it.
        type: bool
  state:
    description:
      - With V(absent) the listed providers are removed, children first. Their other fields need not be left out.
    type: str
    choices: [present, absent]
    default: present
  traits_mode:
    description:
      - V(exact) removes traits that are not listed, V(add) keeps them. On providers of others, V(exact) removes custom
        traits only.
      - When it is left out, it is V(exact) on our own providers and V(add) on all others.
      - The trait C(OWNER_NOVA) stays in any case. Nova sets it on providers that its F(provider.yaml) names.
    type: str
    choices: [exact, add]
  drain:
    description:
      - Reserve all of every inventory of our own providers that are listed, so that no new guest gets any of it. What
        is in use stays.
      - Without it, as much is reserved as O(providers[].inventories) say, which ends the draining.
      - Children that are listed without inventories are drained as they are.
    type: bool
    default: false
  purge:
    description: Remove our own providers that are not listed, below O(scope) and nowhere else.
    type: bool
    default: false
  scope:
    description: Names or UUIDs of the providers below which O(purge) may remove. They stay themselves.
    type: list
    elements: str
    default: []
  create_roots:
    description:
      - Make missing roots too. Give the UUID of the compute node (its C(compute_id)) if nova-compute is to adopt one
        later; nova fails on a root of another UUID.
      - A root without inventories and traits is made bare, without our trait.
    type: bool
    default: false
  check_usages:
    description:
      - Whether to refuse what would take something away from a guest.
      - V(false) is accepted in check mode only, for a check of work that waits for guests before it changes Placement.
    type: bool
    default: true
notes:
  - Where the task does not run on the controller itself, there are no lines of progress.
  - In check mode only reads are sent, and whatever the real run would refuse is refused, so that a play can check
    settings, login, API version, roots and providers before it changes any card.
  - After a failure the result has what was done up to then, and another run goes on from there. What was sent without
    an answer is read again. It counts as changed if that is not possible either.
  - An unchanged tree costs two requests, and two for each listed child. A new tree costs three, and three for each
    child, one for each new trait, and one for each resource class that is new or that none of the trees had before.
    A tree that has more providers of ours than the list costs one more.
    Authentication is not counted.
seealso:
  - module: vfio.devices.placement_inventory_info
  - plugin: vfio.devices.placement_tree
    plugin_type: filter
  - name: OpenStack Placement
    description: What resource providers, inventories and traits are.
    link: https://docs.openstack.org/placement/latest/
"""

EXAMPLES = r"""
- name: Publish the VFs of all hosts in one call
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_vfio_0000:41:00.0
        parent: compute1.example.com
        inventories:
          CUSTOM_NIC_VF: {total: 8}
        traits: [CUSTOM_NUMA_1, HW_NIC_SRIOV]
      - name: compute2.example.com_vfio_0000:41:00.0
        parent: compute2.example.com
        inventories:
          CUSTOM_NIC_VF: {total: 8}
        traits: [CUSTOM_NUMA_0, HW_NIC_SRIOV]
    purge: true
    scope: [compute1.example.com, compute2.example.com]
  delegate_to: localhost
  run_once: true

- name: Add a trait to a GPU that nova manages
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_pci_0000_84_00_0
        traits: [CUSTOM_TIER_GOLD]
        optional: true
  delegate_to: localhost

- name: Let no new guest in
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_vfio_0000:41:00.0
        inventories:
          CUSTOM_NIC_VF: {total: 8}
    drain: true
  delegate_to: localhost

- name: Take the card out of the cloud
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_vfio_0000:41:00.0
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
providers:
  description: The providers that are kept, made, changed or removed. In check mode what would be done.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    name:
      description: Name of the provider.
      type: str
      sample: compute1.example.com_vfio_0000:41:00.0
    uuid:
      description: UUID of the provider.
      type: str
      sample: 0ff9b28c-c1e6-5a0f-b7ab-2a0c1a5c92f6
    parent:
      description: UUID of the provider above it, or null for a root.
      type: str
      sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
    root:
      description: UUID of the root of its tree.
      type: str
      sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
    item:
      description: Place of its entry in O(providers), counted from 0. Null for one that was purged.
      type: int
      sample: 0
    action:
      description: V(kept), V(created), V(updated), V(removed) or V(failed).
      type: str
      sample: created
created:
  description: Names of new providers.
  returned: always, unless the options are refused
  type: list
  elements: str
updated:
  description: Names of providers whose inventories or traits were changed.
  returned: always, unless the options are refused
  type: list
  elements: str
removed:
  description: Names of removed providers.
  returned: always, unless the options are refused
  type: list
  elements: str
kept:
  description: Names of providers that were as they shall be.
  returned: always, unless the options are refused
  type: list
  elements: str
missing:
  description: What O(state=absent) did not find, and what was left out because of O(providers[].optional).
  returned: always, unless the options are refused
  type: list
  elements: str
unexpected:
  description:
    - Our own providers that are not in O(providers) and stay, in the trees whose root is in O(providers). If the list
      has all cards of the host, their cards are not there any more. O(purge) removes them.
  returned: always, unless the options are refused
  type: list
  elements: dict
  contains:
    name:
      description: Name of the provider.
      type: str
      sample: compute1.example.com_vfio_0000:41:00.0
    uuid:
      description: UUID of the provider.
      type: str
      sample: 0ff9b28c-c1e6-5a0f-b7ab-2a0c1a5c92f6
    parent:
      description: UUID of the provider above it.
      type: str
      sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
    root:
      description: UUID of the root of its tree.
      type: str
      sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
failures:
  description: One sentence for each provider that failed.
  returned: always, unless the options are refused
  type: list
  elements: str
resource_classes:
  description: Names of new resource classes.
  returned: always, unless the options are refused
  type: list
  elements: str
traits:
  description: Names of new traits.
  returned: always, unless the options are refused
  type: list
  elements: str
calls:
  description: How many HTTP requests went to Placement.
  returned: always, unless the options are refused
  type: int
  sample: 18
retries:
  description: How many times a write was tried again.
  returned: always, unless the options are refused
  type: int
  sample: 0
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 - comes first

# isort: split
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.vfio.devices.plugins.module_utils._core import progress
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._placement import client, converge
from ansible_collections.vfio.devices.plugins.module_utils._placement.options import ARGUMENT_SPEC, hidden_values
from ansible_collections.vfio.devices.plugins.module_utils._placement.wanted import parse_providers, parse_references
from ansible_collections.vfio.devices.plugins.module_utils._run.module import run

PROVIDER = {
    "name": {"type": "str"},
    "uuid": {"type": "str"},
    "parent": {"type": "str"},
    "inventories": {"type": "dict"},
    "traits": {"type": "list", "elements": "str"},
    "optional": {"type": "bool", "default": False},
    "drain": {"type": "bool"},
}


def main():
    module = AnsibleModule(
        argument_spec=dict(
            ARGUMENT_SPEC,
            providers={"type": "list", "elements": "dict", "required": True, "options": PROVIDER},
            state={"type": "str", "choices": ["present", "absent"], "default": "present"},
            traits_mode={"type": "str", "choices": ["exact", "add"]},
            drain={"type": "bool", "default": False},
            purge={"type": "bool", "default": False},
            scope={"type": "list", "elements": "str", "default": []},
            create_roots={"type": "bool", "default": False},
            check_usages={"type": "bool", "default": True},
        ),
        supports_check_mode=True,
        no_log=True,  # the log of the system would have the passwords of a dictionary in cloud
    )
    options = module.params
    module.no_log_values = hidden_values(options, module.no_log_values)

    def work():
        if not options["check_usages"] and not module.check_mode:
            raise Refused(["check_usages=false is for check mode only, because guests could lose what they have"])
        options["scope"] = parse_references(options["scope"], "scope")
        wanted = parse_providers(options["providers"], options)
        placement = client.connect(options)
        return converge.converge(placement, options, wanted, module.check_mode, progress.wanted())

    unchanged = "Nothing was changed in Placement"
    run(module, work, unchanged, failed=unchanged + ": ")


if __name__ == "__main__":
    main()
