# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the file from which nova-compute adds traits and inventories to providers."""

from __future__ import annotations

from typing import Any

import yaml
from ansible_collections.vfio.devices.plugins.module_utils._host import ownership
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import (
    libvirt,
    nova_mdev,
    nova_other_providers,
    nova_release,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.defaults import or_default
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import (
    cards_of,
    has_mdevs,
    later_cards_of,
    of_card,
    usable_parents,
)
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter, refuse
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan

# A provider in the file.
Entry = dict[str, object]
HEADER = ownership.header("provider_config")


def provider_config(
    plan: Plan,
    root: Any,
    release: object,
    inventories: object = False,
    path: Any = "",
    service: object = None,
    report_in_placement: object = False,
    pci_in_placement: object = False,
    written: object = True,
) -> str:
    """Return the file; raise ``AnsibleFilterError`` with a sentence for each problem."""
    problems: list[str] = []
    providers: list[Entry] = []
    with errors_of_filter("provider_config", "provider_config needs a plan of vfio.devices.resolve, and a name"):
        seen, path = nova_other_providers.checked(or_default(service, {})), or_default(path, "")
        options = _options(release, report_in_placement, pci_in_placement)
        root = names.provider_name(root)
        is_written = flag(or_default(written, True), "written")
        is_read = options["release"] >= nova_release.PROVIDER_CONFIG
        if is_written and not is_read:
            problems.append(
                f"nova {release} does not read such files. nova {nova_release.PROVIDER_CONFIG} or later does"
            )
        if is_written:
            providers = _of_mdevs(plan, root, problems)
            problems += nova_other_providers.wrong_name(root, seen) if providers else []
        if is_written and flag(or_default(inventories, False), "inventories"):
            providers += _of_root(plan, problems)
        if providers and path and seen:
            problems += nova_other_providers.not_read(path, seen)
        if is_read:
            others = nova_other_providers.except_ours(seen, path)
            problems += nova_other_providers.problems(plan, root, providers, others, options)
    refuse(f"the nova provider configuration cannot be {'created' if is_written else 'used'}:", problems)
    if not providers:
        return ""
    # nova parses a schema version without quotes as a number, and stops.
    content = {"meta": {"schema_version": "1.0"}, "providers": providers}
    return HEADER + yaml.safe_dump(content, sort_keys=False)


def _options(release: object, report_in_placement: object, pci_in_placement: object) -> Options:
    return {
        "release": nova_release.number(release),
        "report_in_placement": flag(or_default(report_in_placement, False), "report_in_placement"),
        "pci_in_placement": flag(or_default(pci_in_placement, False), "pci_in_placement"),
    }


def _of_mdevs(plan: Plan, root: str, problems: list[str]) -> list[Entry]:
    """Return the traits of providers that nova creates for mediated devices."""
    providers: list[Entry] = []
    to_come = [card for card in later_cards_of(plan, "nova") if nova_mdev.may_have_mdevs(card)]
    for card in [*filter(has_mdevs, cards_of(plan, "nova")), *to_come]:
        if not card["traits"]:
            continue
        standard = [name for name in card["traits"] if not names.is_custom(name)]
        if standard:
            sentence = f"nova accepts only custom traits from a file, and not {', '.join(standard)}"
            problems.append(of_card(card, f"{sentence}{nova_mdev.unsure(card)}"))
        for parent in usable_parents(card):
            name = names.provider_name(f"{root}_{libvirt.node_device(parent)}")
            providers.append({"identification": {"name": name}, "traits": {"additional": sorted(card["traits"])}})
    return providers


def _of_root(plan: Plan, problems: list[str]) -> list[Entry]:
    """Return inventories of the compute node; nova restores them whenever it reports the node."""
    totals: dict[str, int] = {}
    of_mdevs = {nova_mdev.resource_class(card) for card in cards_of(plan, "nova") if has_mdevs(card)}
    for card in cards_of(plan, "none"):
        name = card["resource_class"]
        if not name:
            problems.append(of_card(card, "an inventory requires placement.resource_class"))
        elif not names.is_custom(name):
            problems.append(of_card(card, f"nova accepts only custom resource classes from a file, and not {name}"))
        elif name in of_mdevs:
            sentence = f"guests that ask nova for {name} would get no device. Use another placement.resource_class"
            problems.append(of_card(card, sentence))
        elif card["total"]:
            totals[name] = totals.get(name, 0) + card["total"]
    if not totals:
        return []
    additional = [{name: {"total": totals[name], "max_unit": totals[name]}} for name in sorted(totals)]
    return [{"identification": {"uuid": "$COMPUTE_NODE"}, "inventories": {"additional": additional}}]
