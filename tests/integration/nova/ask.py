# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the real nova or Cyborg, the only argument, what it makes of settings; runs with the Python of its environment.

Reads one question a line as JSON: ``path`` of a file, or of a directory of provider configurations, and the PCI
functions of the host as ``devices`` with the fields of nova's PciDevice. Prints the answer in one line of JSON: what
was understood, or ``error``. Each question is asked of a fresh process, since settings are read once.
"""

from __future__ import annotations

import collections
import importlib
import json
import multiprocessing
import sys
import types
from pathlib import Path

# Imported once for all questions. Both have their settings in one place, so that a process can have only one of them.
MODULES = {
    "nova": ("nova.conf", "nova.compute.pci_placement_translator", "nova.virt.libvirt.driver"),
    "cyborg": ("cyborg.conf", "cyborg.accelerator.drivers.gpu.nvidia.sysinfo"),
}


def of_nova(path, devices):
    """What nova-compute and nova-api read; the methods are nova's, only the hardware is not there."""
    import nova.conf
    from nova.compute import pci_placement_translator, provider_config
    from nova.pci import request, utils, whitelist
    from nova.virt.libvirt.driver import LibvirtDriver

    if path.is_dir():
        return provider_config.get_provider_configs(str(path))
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


def of_cyborg(path, devices):
    import cyborg.conf
    from cyborg.accelerator.drivers.gpu.nvidia import sysinfo

    conf = cyborg.conf.CONF
    conf([], project="cyborg", default_config_files=[str(path)], default_config_dirs=[])
    cyborg.conf.devices.register_dynamic_opts(conf)
    return {"drivers": conf.agent.enabled_drivers, "addresses": sysinfo._get_supported_vgpu_types()[1]}


def answer(question):
    try:
        return (of_nova if sys.argv[1] == "nova" else of_cyborg)(Path(question["path"]), question["devices"])
    except Exception as error:  # whatever they say is the answer
        return {"error": f"{type(error).__name__}: {error}"}


for name in MODULES[sys.argv[1]]:
    importlib.import_module(name)
for line in sys.stdin:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(json.dumps(pool.apply(answer, (json.loads(line),))), flush=True)
