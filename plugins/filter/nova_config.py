# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: nova_config
short_description: Make the settings of nova from the plan of a host
version_added: 1.0.0
description:
  - Turns the plan of a host into the text of a file for C(/etc/nova/nova.conf.d). It has all cards of owner V(nova).
  - Mediated devices are in C([devices]) and one section for each type, with the addresses of their parents. PCI
    functions and vGPUs of the vendor-specific framework are in C([pci]) C(device_spec), and C(alias) where the profile
    has one.
  - What stops nova, or what nova takes and then passes over without a word, is refused here, all of it at once, each
    with its profile and card.
  - Cards whose devices can only be planned later are left out. The text follows from its input alone.
author:
  - vfio.devices contributors (@vfio-devices)
positional: release
options:
  _input:
    description:
      - The plan of the host, as P(vfio.devices.resolve#filter) returns it.
      - With O(service=api) it may be a list of plans.
    type: raw
    required: true
  release:
    description:
      - Release of nova on the host, as V(34), V(2026.2) or V(hibiscus). The oldest is V(21).
      - Releases after V(34) are taken to know what V(34) knows.
    type: str
    required: true
  report_in_placement:
    description:
      - Whether nova-compute reports PCI devices to Placement. Resource classes and traits of PCI devices come in only
        then.
      - Once a host reports its devices, nova-compute does not start without it any more.
    type: bool
    default: false
  pci_in_placement:
    description:
      - Whether the scheduler asks Placement for PCI devices. An alias then asks for the resource class of its profile
        if it has one. All hosts need O(report_in_placement) before.
    type: bool
    default: false
  service:
    description:
      - For V(compute) all settings of the host. For V(api) the aliases of all hosts, and C([filter_scheduler]), which
        nova-api and nova-scheduler need.
    type: str
    choices: [compute, api]
    default: compute
seealso:
  - plugin: vfio.devices.resolve
    plugin_type: filter
  - plugin: vfio.devices.flavor_extra_specs
    plugin_type: filter
  - plugin: vfio.devices.provider_config
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the settings of nova-compute
  ansible.builtin.copy:
    content: "{{ profiles | vfio.devices.resolve(ansible_facts.mdev) | vfio.devices.nova_config('2026.2') }}"
    dest: /etc/nova/nova.conf.d/50-vfio-devices.conf
    mode: "0644"

- name: Show the aliases of several plans, for nova-api and nova-scheduler
  ansible.builtin.debug:
    msg: "{{ [plan, other_plan] | vfio.devices.nova_config('2026.2', service='api') }}"
"""

RETURN = r"""
_value:
  description: The text, empty when there is nothing for nova.
  type: str
  sample: |
    # Settings of nova, made by vfio.devices. Changes made by hand get lost.

    [devices]
    enabled_mdev_types = nvidia-35

    [mdev_nvidia-35]
    device_addresses = 0000:84:00.0,0000:85:00.0
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_mdev as _nova_mdev
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_pci as _nova_pci
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release as _nova_release
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import settings_file as _settings_file
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import cards as _plan_cards
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plain import flag, misfit


def nova_config(plan, release, report_in_placement=False, pci_in_placement=False, service="compute"):
    """The text for nova, or ``AnsibleFilterError`` with a sentence for each thing that cannot be."""
    if service not in ("compute", "api"):
        raise AnsibleFilterError(f"nova_config: service must be compute or api, and not {numbers.shown(service)}")
    try:
        options = {
            "release": _nova_release.number(release),
            "report_in_placement": flag(report_in_placement, "report_in_placement"),
            "pci_in_placement": flag(pci_in_placement, "pci_in_placement"),
        }
        plans = plan if isinstance(plan, (list, tuple)) and service == "api" else [plan]
        problems = _check_options(options)
        sections = (_compute if service == "compute" else _api)(plans, options, problems)
    except ValueError as error:
        raise AnsibleFilterError(f"nova_config: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"nova_config needs a plan of vfio.devices.resolve: {misfit(error)}") from None
    if problems:
        raise AnsibleFilterError("\n".join(["there are no such settings of nova:", *problems]))
    return _settings_file.text("nova", sections)


def _check_options(options):
    release, problems = options["release"], []
    if options["report_in_placement"] and release < _nova_release.REPORT_IN_PLACEMENT:
        problems.append(f"nova {release} has no report_in_placement; {_nova_release.REPORT_IN_PLACEMENT} has")
    if options["pci_in_placement"] and release < _nova_release.PCI_IN_PLACEMENT:
        problems.append(f"nova {release} has no pci_in_placement; {_nova_release.PCI_IN_PLACEMENT} has")
    if options["pci_in_placement"] and not options["report_in_placement"]:
        problems.append("with pci_in_placement the scheduler finds no device of a host without report_in_placement")
    return problems


def _compute(plans, options, problems):
    (plan,) = plans
    cards = _nova_pci.cards(plan)
    mdevs = _nova_mdev.sections(plan, options["release"], problems)
    problems += _check_cards(cards, options)
    if options["report_in_placement"]:
        problems += _check_classes(plan, cards)
    renamed = options["release"] >= _nova_release.REPORT_IN_PLACEMENT
    key = "device_spec" if renamed else "passthrough_whitelist"
    pci = [(key, spec) for card in cards for spec in _nova_pci.device_specs(card, options)]
    if options["report_in_placement"]:
        pci.insert(0, ("report_in_placement", "true"))
    return {
        **mdevs,
        "pci": [*pci, *_aliases(cards, options, problems)],
        "filter_scheduler": _filter_scheduler(options),
    }


def _api(plans, options, problems):
    cards = [card for plan in plans for card in _nova_pci.cards(plan)]
    problems += dict.fromkeys(_check_cards(cards, options))
    return {"pci": _aliases(cards, options, problems), "filter_scheduler": _filter_scheduler(options)}


def _check_cards(cards, options):
    return [
        _plan_cards.of_card(card, sentence)
        for card in cards
        for sentence in (*filter(None, [card.get("not_shareable")]), *_nova_pci.check(card, options))
    ]


def _check_classes(plan, cards):
    """nova takes what a guest has of a class of mediated devices for one, also when it is a PCI device."""
    classes = {
        _nova_mdev.resource_class(card) for card in _plan_cards.known(plan, "nova") if _plan_cards.has_mdevs(card)
    }
    return [
        _plan_cards.of_card(
            card, f"mediated devices of this host have the resource class {card['resource_class']}; choose another"
        )
        for card in cards
        if card["resource_class"] in classes
    ]


def _aliases(cards, options, problems):
    return [("alias", spec) for spec in _nova_pci.aliases(cards, options, problems)]


def _filter_scheduler(options):
    # nova-compute reads the aliases too, and stops at one without ids when it does not know this.
    return [("pci_in_placement", "true")] if options["pci_in_placement"] else []


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"nova_config": nova_config}
