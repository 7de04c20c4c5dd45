# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check settings of other files that nova accepts only as long as it does not use Placement for PCI devices.

Otherwise, nova-compute does not start (nova/compute/pci_placement_translator.py, nova/pci/request.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import OtherSetting
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_spec import Function, specs, tags

# Each function with the tags of the first spec that matches it, and the file of this spec.
Assigned = Mapping[Function, tuple[dict[str, str], str]]


def of_specs(assigned: Assigned) -> Iterator[str]:
    """Return a sentence for each card that nova cannot report."""
    by_card: dict[str, list[Function]] = {}
    for function, (has, _file) in assigned.items():
        # nova does not report ports of neutron.
        if not has.get("physical_network"):
            by_card.setdefault(function.card, []).append(function)
    for card, functions in by_card.items():
        files = ", ".join(dict.fromkeys(assigned[one][1] for one in functions))
        is_whole = any(one.address == card for one in functions)
        if is_whole and len(functions) > 1:
            yield (
                f"nova-compute does not start with report_in_placement, because device_spec of [pci] in {files} "
                f"matches both {card} of no profile and its virtual functions. Restrict device_spec with product_id "
                "or address"
            )
        elif not is_whole and any("one_time_use" in assigned[one][0] for one in functions):
            yield (
                f"nova-compute does not start with report_in_placement, because device_spec of [pci] in {files} has "
                f"one_time_use for virtual functions of {card}. Remove one_time_use"
            )
        elif len({_kind(one, assigned[one][0]) for one in functions}) > 1:
            yield (
                f"nova-compute does not start with report_in_placement, because device_spec of [pci] in {files} has "
                f"different values of resource_class or traits for functions of {card}. Use equal values"
            )


def of_tags(others: Iterable[OtherSetting], release: int, is_reported: bool) -> Iterator[str]:
    """Return a sentence for each spec that stops nova-compute whatever it matches."""
    for entry in others:
        for spec in specs(entry["value"]) if entry["option"] == "device_spec" and not entry.get("replaced") else ():
            if is_reported and "devname" in spec:
                yield (
                    f"nova-compute does not start with report_in_placement, because device_spec of [pci] in "
                    f"{entry['file']} names the interface {spec['devname']}. Replace devname by address"
                )
            is_single = tags(spec).get("one_time_use") == str(True)
            if is_single and not is_reported and release >= nova_release.ONE_TIME_USE:
                yield (
                    f"nova-compute does not start, because device_spec of [pci] in {entry['file']} has one_time_use "
                    "without report_in_placement. Set nova_config_report_in_placement: true, or remove one_time_use"
                )


def _kind(function: Function, has: Mapping[str, str]) -> tuple[str, frozenset[str]]:
    traits = frozenset(word.strip().upper() for word in has.get("traits", "").split(",") if word.strip())
    return has.get("resource_class", f"{function.vendor_id}_{function.product_id}").upper(), traits


def of_aliases(aliases: Iterable[OtherSetting], mine: Collection[object]) -> Iterator[str]:
    """Return a sentence for each alias with several values, except those of this collection with names in ``mine``."""
    files: dict[object, list[str]] = {}
    for entry in aliases:
        for spec in specs(entry["value"]):
            files.setdefault(spec.get("name"), []).append(entry["file"])
    for name, places in files.items():
        if len(places) > 1 and name not in mine:
            where = ", ".join(dict.fromkeys(places))
            yield (
                f"nova-compute does not start with pci_in_placement, because [pci] in {where} has several values of "
                f"alias for {name}. Keep one, or give each a name of its own"
            )
