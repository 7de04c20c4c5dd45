#!/usr/bin/python
# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: placement_inventory
short_description: Publish resource providers, inventories and traits in OpenStack Placement
version_added: 1.0.0
description:
  - Applies the desired providers of any number of hosts in one call. Missing custom resource classes and traits are
    created.
  - The module computes a plan before the first write. If a request is invalid, the module fails with all reasons and
    changes nothing. This includes requests that Placement wrongly accepts. Check mode computes the same plan, including
    UUIDs.
  - Allocations are safe. Inventories and providers in use are never removed, and totals are never reduced below their
    use, even if guests start or stop during the run.
  - Providers of this module have the trait C(CUSTOM_OWNER_VFIO_DEVICES). Only these providers are changed and removed.
    Providers of nova, Cyborg and other services only get custom traits.
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
      - Desired providers, in any order. If O(state=absent), providers to remove.
      - A provider is identified by its name, which is unique in a cloud. After a root was renamed, a provider of this
        collection such as C(compute1_vfio_0000:41:00.0) gets the new name of its card.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the provider. Required for a new provider.
          - Names in the format of nova-compute and cyborg-agent are rejected for new providers, because these services
            create their own providers.
        type: str
      uuid:
        description:
          - UUID of the provider. The default for a new provider is derived from the UUID of the root and the name.
        type: str
      parent:
        description:
          - Name or UUID of the parent provider, listed here or not.
          - If omitted, the provider is the root of a tree, or already exists. Roots are only created if O(create_roots)
            is set.
        type: str
      inventories:
        description:
          - All inventories of the provider by resource class, such as C(VGPU) or C(CUSTOM_NIC_VF). Each is a dictionary
            with C(total), and optionally C(reserved) (default 0), C(min_unit) (1), C(max_unit) (the total),
            C(step_size) (1) and C(allocation_ratio) (1.0).
          - Unlisted classes are removed. If the option is omitted, the inventories remain unchanged.
        type: dict
      traits:
        description:
          - Traits of the provider, applied according to O(traits_mode). If the option is omitted, the traits remain
            unchanged.
          - C(CUSTOM_OWNER_VFIO_DEVICES) is set automatically. C(OWNER_NOVA), C(COMPUTE_NODE) and
            C(COMPUTE_MANAGED_PCI_DEVICE) are never set, because nova-compute would adopt or remove the provider.
          - C(OWNER_CYBORG) gives a provider the shape of Cyborg. Use it only on hosts without cyborg-agent.
        type: list
        elements: str
      optional:
        description:
          - Whether to skip this provider with a warning if it does not exist, together with its listed children. For
            providers that nova-compute or cyborg-agent creates later.
        type: bool
        default: false
      drain:
        description: Whether to drain this provider. The default is O(drain).
        type: bool
      cards:
        description:
          - For the root of a host, names of all its cards, as in C(ansible_facts.mdev). An unlisted provider of
            this collection is then removed if its card is missing on the host, or if another provider represents the
            same card. If guests use the provider, it is drained instead, with a warning.
          - If omitted, such providers remain and are in RV(unexpected).
        type: list
        elements: str
      mdev_parents:
        description:
          - For the root of a host, PCI addresses of all parents whose mediated devices nova may have. A warning names
            other providers of mediated devices below the root, which nova-compute never removes.
        type: list
        elements: str
      former_root:
        description:
          - For the root of a host, UUID of the root below which this host was published before. If it is another root,
            providers of this collection below it also represent the cards of this host. They are removed, with a
            warning. If guests use one of them, the host is rejected.
          - Ignored if the root no longer exists, or if another entry refers to its tree.
        type: str
  state:
    description:
      - If V(absent), the listed providers are removed, children first. Other fields of the entries are ignored.
    type: str
    choices: [present, absent]
    default: present
  traits_mode:
    description:
      - V(exact) removes unlisted traits, V(add) keeps them. On other services' providers, V(exact) removes custom
        traits only.
      - The default is V(exact) on providers of this collection, and V(add) on other providers.
      - The trait C(OWNER_NOVA) always remains. Nova sets it on providers in its F(provider.yaml).
    type: str
    choices: [exact, add]
  drain:
    description:
      - Whether to reserve all inventories of the listed providers of this collection, so new guests are blocked.
        Current allocations remain.
      - If V(false), C(reserved) of O(providers[].inventories) applies, which ends the draining.
      - Listed children without inventories are drained with their current inventories.
    type: bool
    default: false
  purge:
    description: Whether to remove unlisted providers of this collection below O(scope).
    type: bool
    default: false
  scope:
    description:
      - Names or UUIDs of the providers below which O(purge) removes providers. These providers themselves remain.
    type: list
    elements: str
    default: []
  create_roots:
    description:
      - Whether to create missing roots. If nova-compute adopts the root later, set the UUID of the compute node (its
        C(compute_id)). nova fails on a root with another UUID.
      - A root without inventories and traits is created without the trait of this collection.
    type: bool
    default: false
  check_usages:
    description:
      - Whether to reject changes that would remove an allocation of a guest.
      - V(false) is only valid in check mode, to check changes that wait for guests before they change Placement.
    type: bool
    default: true
notes:
  - If the task does not run on the controller, no progress lines are printed.
  - In check mode the module only reads, and reports the same errors as a real run. So a play can check options, login,
    API version, roots and providers before it changes a card.
  - After a failure the result lists the completed changes, and the next run continues. A provider without a response to
    a write is read again. If the read fails too, the provider counts as changed.
  - An unchanged tree costs two requests, and two for each listed child. A new tree costs three, and three for each
    child. Each new trait costs one, and each resource class that is new or that none of the trees had before.
    A tree with unlisted providers of this collection costs one more. Authentication is not counted.
seealso:
  - module: vfio.devices.placement_inventory_info
  - plugin: vfio.devices.placement_tree
    plugin_type: filter
  - name: OpenStack Placement
    description: Resource providers, inventories and traits.
    link: https://docs.openstack.org/placement/latest/
"""

EXAMPLES = r"""
- name: Publish the VFs of all hosts
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

- name: Add a trait to a nova GPU
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_pci_0000_84_00_0
        traits: [CUSTOM_TIER_GOLD]
        optional: true
  delegate_to: localhost

- name: Drain a card
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_vfio_0000:41:00.0
        inventories:
          CUSTOM_NIC_VF: {total: 8}
    drain: true
  delegate_to: localhost

- name: Remove a card from the cloud
  vfio.devices.placement_inventory:
    cloud: mycloud
    providers:
      - name: compute1.example.com_vfio_0000:41:00.0
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
providers:
  description: The providers and the action for each. In check mode the predicted action.
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
      description: UUID of the parent provider, or null for a root.
      type: str
      sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
    root:
      description: UUID of the root of its tree.
      type: str
      sample: 6a5e4b26-5a15-4a3b-8b3f-a0b0f8cbe54a
    item:
      description: Index of its entry in O(providers), counted from 0. Null for a purged provider.
      type: int
      sample: 0
    former:
      description: Previous name of a provider that gets another name, or null.
      type: str
      sample: compute1_vfio_0000:41:00.0
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
  description: Names of providers that already matched.
  returned: always, unless the options are refused
  type: list
  elements: str
missing:
  description: Providers that O(state=absent) did not find, and skipped providers with O(providers[].optional).
  returned: always, unless the options are refused
  type: list
  elements: str
unexpected:
  description:
    - Unlisted providers of this collection in the trees whose root is in O(providers). If the list contains all cards
      of the host, the cards of these providers are missing. O(purge) removes them.
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
      description: UUID of the parent provider.
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
  description: Number of HTTP requests to Placement.
  returned: always, unless the options are refused
  type: int
  sample: 18
retries:
  description: Number of repeated writes.
  returned: always, unless the options are refused
  type: int
  sample: 0
"""

from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python  # noqa: F401 # pylint: disable=unused-import

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
    "cards": {"type": "list", "elements": "str"},
    "mdev_parents": {"type": "list", "elements": "str"},
    "former_root": {"type": "str"},
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
        no_log=True,  # the system log would contain the passwords of a dictionary in cloud
    )
    options = module.params
    module.no_log_values = hidden_values(options, module.no_log_values)

    def work():
        if not options["check_usages"] and not module.check_mode:
            raise Refused(
                ["check_usages: false is only valid in check mode, because guests could lose their allocations"]
            )
        options["scope"] = parse_references(options["scope"], "scope")
        wanted = parse_providers(options["providers"], options)
        placement = client.connect(options)
        return converge.converge(placement, options, wanted, module.check_mode, progress.from_environment())

    unchanged = "Nothing was changed in Placement"
    run(module, work, unchanged, failed=unchanged + ": ")


if __name__ == "__main__":
    main()
