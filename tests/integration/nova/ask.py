# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the real nova and Cyborg what they make of settings; runs with the Python of their environment.

Reads a question as JSON: ``directory`` with nova.conf, cyborg.conf or provider_config, and the PCI functions of the
host as ``devices`` with the fields of nova's PciDevice. Prints the answer as JSON: what nova and Cyborg understood, or
``error``.
"""

from __future__ import annotations

import collections
import json
import sys
import types
from pathlib import Path


def nova(path, devices):
    """What nova-compute and nova-api read from nova.conf; the methods are nova's, only the hardware is not there."""
    import nova.conf
    from nova.compute import pci_placement_translator
    from nova.pci import request, utils, whitelist
    from nova.virt.libvirt.driver import LibvirtDriver

    conf = nova.conf.CONF
    conf([], project="nova", default_config_files=[str(path)], default_config_dirs=[])
    physical = {device["address"] for device in devices if device["dev_type"] == "type-PF"}
    utils.is_physical_function = lambda *parts: "{}:{}:{}.{}".format(*parts) in physical

    driver = types.SimpleNamespace(
        pgpu_type_mapping={},
        mdev_class_mapping=collections.defaultdict(lambda: "VGPU"),
        mdev_type_max_mapping={},
        mdev_classes=set(),
        pgpu_type_default=None,
        virtual_mdevs=set(),
    )
    driver._validate_device_address = lambda address: LibvirtDriver._validate_device_address(driver, address)
    supported = LibvirtDriver._get_supported_vgpu_types(driver)

    specs = whitelist.Whitelist(conf.pci.device_spec)
    view = pci_placement_translator.PlacementView("node", [])
    assignable = {}
    for device in devices:
        spec = specs.device_assignable(device)
        if spec:
            assignable[device["address"]] = spec.get_tags()
            if conf.pci.report_in_placement:
                view.process_dev(types.SimpleNamespace(status="available", **device), spec)
    return {
        "types": supported,
        "addresses": driver.pgpu_type_mapping,
        "classes": {address: driver.mdev_class_mapping[address] for address in driver.pgpu_type_mapping},
        "limits": driver.mdev_type_max_mapping,
        "default": driver.pgpu_type_default,
        "assignable": assignable,
        "aliases": request.get_alias_from_config(),
        "providers": {
            provider.name: [provider.resource_class, provider.total, sorted(provider.traits)]
            for provider in view.rps.values()
        },
    }


def provider_config(path):
    from nova.compute import provider_config

    return provider_config.get_provider_configs(str(path))


def cyborg(path):
    import cyborg.conf
    from cyborg.accelerator.drivers.gpu.nvidia import sysinfo

    conf = cyborg.conf.CONF
    conf([], project="cyborg", default_config_files=[str(path)], default_config_dirs=[])
    cyborg.conf.devices.register_dynamic_opts(conf)
    return {"drivers": conf.agent.enabled_drivers, "addresses": sysinfo._get_supported_vgpu_types()[1]}


def main():
    question = json.load(sys.stdin)
    directory = Path(question["directory"])
    answer = {}
    try:
        if (directory / "nova.conf").exists():
            answer["nova"] = nova(directory / "nova.conf", question["devices"])
        if (directory / "provider_config").exists():
            answer["provider_config"] = provider_config(directory / "provider_config")
        if (directory / "cyborg.conf").exists():
            answer["cyborg"] = cyborg(directory / "cyborg.conf")
    except Exception as error:  # whatever they say is the answer
        answer["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer))


main()
