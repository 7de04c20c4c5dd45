# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find resource classes that change while guests have devices of the class.

Placement rejects the inventory without the former class, and nova-compute then no longer reports the host
(nova/scheduler/client/report.py, set_inventory_for_provider).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ansible_collections.vfio.devices.plugins.module_utils._services import nova_names, oslo
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_mdev, nova_pci, nova_release, nova_spec
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_spec import Function, Spec
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.settings_file import Sections
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import cards_of, of_card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

# Section, option and value of each current option, with the newest names and in reading order.
Settings = Sequence[tuple[str, str, str]]
KIND = "mdev_"
DEVICE_SPEC = ["pci", "device_spec"]


def problems(plan: Plan, sections: Sections, options: Options) -> list[str]:
    """Return a sentence for each card whose class would change; ``sections`` are the new settings."""
    settings = _current(options)
    found = list(_of_mdevs(plan, sections, settings)) if options["release"] >= nova_release.MDEV_TYPES else []
    if options["report_in_placement"] and _last(settings, "pci", "report_in_placement").lower() in oslo.TRUE:
        found += _of_functions(nova_pci.cards(plan), sections, settings)
    return found


def _current(options: Options) -> Settings:
    """Return the current options of devices: those of other files, and of the file of this collection."""
    others = options.get("others", ())
    present = [
        (*nova_names.current(section, name), value.replace("$$", "$"))
        for section, name, value in oslo.entries(options.get("present", ""))
    ]
    before, after = (
        [(one["section"], one["option"], one["value"]) for one in others if one["later"] is later]
        for later in (False, True)
    )
    return [*before, *present, *after]


def _last(settings: Settings, section: str, option: str, default: str = "") -> str:
    return next((value.strip() for *name, value in reversed(settings) if name == [section, option]), default)


def _of_mdevs(plan: Plan, sections: Sections, settings: Settings) -> Iterator[str]:
    enabled = [word.strip().lower() for word in _last(settings, "devices", "enabled_mdev_types").split(",")]
    for section, own in sections.items():
        type_id = section[len(KIND) :]
        if not section.startswith(KIND) or type_id.lower() not in enabled:
            continue
        before = _last(settings, section.lower(), "mdev_class", nova_mdev.DEFAULT_CLASS)
        after = dict(own).get("mdev_class", nova_mdev.DEFAULT_CLASS)
        cards = [card for card in cards_of(plan, "nova") if type_id in card.get("used_types", ())]
        if before != after and cards:
            yield of_card(cards[0], _sentence(f"devices of the type {type_id}", before, after))


def _of_functions(cards: list[Card], sections: Sections, settings: Settings) -> Iterator[str]:
    before = [spec for *name, value in settings if name == DEVICE_SPEC for spec in nova_spec.specs(value)]
    after = [spec for option, value in sections["pci"] if option == DEVICE_SPEC[1] for spec in nova_spec.specs(value)]
    for card in cards:
        everything = nova_spec.of_card(card)
        for function in everything:
            if function.address in card.get("used_functions", ()):
                classes = [_class(function, specs, everything) for specs in (before, after)]
                if None not in classes and classes[0] != classes[1]:
                    yield of_card(card, _sentence(function.address, *classes))
                    break


def _class(function: Function, specs: list[Spec], everything: list[Function]) -> str | None:
    """Return the resource class that nova reports for a function; None if it reports none.

    See nova/compute/pci_placement_translator.py, get_resource_class. nova does not report ports of neutron.
    """
    tags = next((nova_spec.tags(spec) for spec in specs if function in nova_spec.matching(spec, everything)), None)
    if tags is None or tags.get("physical_network"):
        return None
    name = tags.get("resource_class") or f"CUSTOM_PCI_{function.vendor_id}_{function.product_id}"
    words = re.sub(r"[^A-Z0-9_]", "_", name.upper())
    return words if words.startswith("CUSTOM_") or words in nova_pci.STANDARD_CLASSES else f"CUSTOM_{words}"


def _sentence(what: str, before: str | None, after: str | None) -> str:
    return (
        f"guests have {what} with the resource class {before}. nova-compute no longer reports the host if it becomes "
        f"{after}. Set placement.resource_class: {before} until these guests have left the host"
    )
