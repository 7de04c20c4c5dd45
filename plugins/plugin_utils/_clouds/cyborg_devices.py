# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find cards of nova that a driver of cyborg-agent also reports, so that both assign them (cyborg/accelerator/drivers).

The file nova_other_files has the check of NVIDIA GPUs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_spec
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options, Setting
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import of_card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

PCI_DRIVER, NIC_DRIVER = "pci_driver", "intel_nic_driver"
DRIVERS, SPECS = ("agent", "enabled_drivers"), ("pci", "passthrough_whitelist")
NICS = ("x710_static", "device_addresses")


class Kind(NamedTuple):
    """The cards that a driver reports: those of a vendor with a class, or with one of several device ids."""

    vendor: str
    pci_class: str | None
    products: Sequence[str] = ()


KINDS = {
    "huawei_ascend_driver": Kind("19e5", None, ["d100"]),
    # This driver takes any of the words vendor and class of lspci.
    "inspur_fpga_driver": Kind("1bd4", None),
    "inspur_nvme_ssd_driver": Kind("1bd4", "0108"),
    NIC_DRIVER: Kind("8086", None, ["1572", "158a", "158b"]),
    "intel_qat_driver": Kind("8086", None, ["37c8"]),
    "xilinx_fpga_driver": Kind("10ee", "1200"),
}


def problems(plan: Plan, options: Options) -> list[str]:
    """Return a sentence for each such card."""
    settings = options.get("cyborg_settings", [])
    lists = _of(settings, DRIVERS)
    if not lists:
        return []
    enabled = [word.strip() for word in lists[-1]["value"].split(",")]
    cards = [card for card in plan["cards"] if card["owner"] == "nova"]
    return [
        of_card(card, f"cyborg-agent of this host also assigns it, because {reason}")
        for card in cards
        for reason in [*_by_kind(card, enabled, settings), *_by_spec(card, enabled, settings)][:1]
    ]


def _of(settings: Sequence[Setting], option: tuple[str, str]) -> list[Setting]:
    return [one for one in settings if (one["section"], one["option"]) == option]


def _by_kind(card: Card, enabled: Sequence[str], settings: Sequence[Setting]) -> Iterator[str]:
    (*_earlier, drivers) = _of(settings, DRIVERS)
    for driver, kind in KINDS.items():
        is_of_class = kind.pci_class in (None, card["class"])
        has_id = not kind.products or card["product_id"] in kind.products
        if driver in enabled and card["vendor_id"] == kind.vendor and is_of_class and has_id:
            addresses = [one["value"] for one in _of(settings, NICS) if driver == NIC_DRIVER][-1:]
            chosen = {word.strip() for value in addresses for word in value.split(",") if word.strip()}
            if not chosen or chosen & {card["name"], *card["virtual_functions"]}:
                yield f"{drivers['file']} enables {driver}. Remove it from enabled_drivers in [agent]"


def _by_spec(card: Card, enabled: Sequence[str], settings: Sequence[Setting]) -> Iterator[str]:
    # Unlike nova, the agent does not compare the address of a card with its virtual functions.
    functions = [one._replace(is_sriov=False) for one in nova_spec.of_card(card)]
    for one in _of(settings, SPECS) if PCI_DRIVER in enabled else ():
        if any(nova_spec.matching(spec, functions) for spec in nova_spec.specs(one["value"])):
            yield f"passthrough_whitelist of [pci] in {one['file']} matches it. Remove it from the file"
