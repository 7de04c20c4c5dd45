# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the values of ``[pci] device_spec``, which decide what nova assigns to guests (nova/pci/devspec.py)."""

from __future__ import annotations

import json
import re

from ansible_collections.vfio.devices.plugins.module_utils._services import oslo
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release, nova_spec
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import has_typed_vfs, held_card
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card

# Variant drivers that also pass functions through, such as mlx5_vfio_pci.
VARIANT_DRIVER = re.compile(r".+[-_]vfio[-_]pci\Z")
SPECS = (("pci", "device_spec"), ("pci", "passthrough_whitelist"))


def device_specs(card: Card, options: Options) -> list[str]:
    """Return the values of device_spec: one for the card, or one for each virtual function."""
    held = held_card(card)
    if held:
        present = _present_specs(options)
        return [
            present.get(address) or json.dumps({"address": address, **_tags(held, options)})
            for address in _with_vgpu(held)
        ]
    if card.get("held_mode"):
        # Devices of current guests stay in the settings until the guests leave.
        card = {**card, "mode": card["held_mode"], "framework": None, "host_functions": []}
    tags = _tags(card, options)
    common = {"vendor_id": card["vendor_id"]}
    if card["mode"] == "pf":
        matches = [{"address": card["address"], **common, "product_id": card["product_id"]}]
    elif has_typed_vfs(card):
        matches = [{"address": address} for address in _with_vgpu(card)]
    elif card["vf_product_id"] not in (None, card["product_id"]) and not _is_divided(card):
        # The address of a physical function also matches its virtual functions; the device id distinguishes them.
        matches = [{"address": card["address"], **common, "product_id": card["vf_product_id"]}]
    else:
        kept = card.get("host_functions", [])
        matches = [{"address": address} for address in sorted(card["virtual_functions"]) if address not in kept]
    return [json.dumps({**match, **tags}) for match in matches]


def _present_specs(options: Options) -> dict[str, str]:
    """Return the specs of single functions in the current configuration by address."""
    values = [entry[2] for entry in oslo.entries(options.get("present", "")) if entry[:2] in SPECS]
    found = {str(spec.get("address")): json.dumps(spec) for value in values for spec in nova_spec.specs(value)}
    return found


def _is_divided(card: Card) -> bool:
    """Return whether each of its functions needs an address of its own, for example because their settings differ.

    nova-compute stops at the address of a card with remote_managed: it opens a file with the name of a Python object
    (nova/pci/devspec.py, _init_dev_details).
    """
    is_remote = bool(card["nova"].get("remote_managed"))
    return is_remote or bool(card.get("host_functions")) or card.get("is_part", False)


def _with_vgpu(card: Card) -> list[str]:
    """Return virtual functions with a vGPU, and those that will get one; guests cannot use the others."""
    names = {parent["name"]: not parent["existing"] for parent in card["parents"] if parent["total"]}
    return sorted(sorted(names, key=lambda name: (names[name], name))[: card["total"]])


def _tags(card: Card, options: Options) -> dict[str, str]:
    nova = card["nova"]
    tags = {}
    network = nova.get("physical_network")
    if network:
        tags["physical_network"] = network
    if nova.get("trusted") is not None:
        tags["trusted"] = str(nova["trusted"]).lower()
    if nova.get("remote_managed"):
        tags["remote_managed"] = "true"
    driver = card["driver"] if card["mode"] == "pf" else card["vf_driver"]
    keeps_driver = has_typed_vfs(card) or VARIANT_DRIVER.match(driver or "")
    if keeps_driver and options["release"] >= nova_release.MANAGED:
        tags["managed"] = "no"
    if nova.get("live_migratable"):
        tags["live_migratable"] = "yes"
    if options["report_in_placement"]:
        if nova.get("one_time_use"):
            tags["one_time_use"] = "yes"
        if card["resource_class"]:
            tags["resource_class"] = card["resource_class"]
        if card["traits"]:
            tags["traits"] = ",".join(sorted(card["traits"]))
    return tags
