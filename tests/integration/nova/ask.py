# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask the real nova or Cyborg how it interprets settings; runs with the Python of its environment.

The first argument is the service, the second an optional directory with another release. Each input line is a question
as JSON: ``path`` of a file (or of several in reading order, separated as in PATH) or of a directory of provider
configurations, ``devices`` with the fields of nova's PciDevice, and ``nodes`` that libvirt lists (see ``nodes.py``).
The answer is one line of JSON with the result, or ``error``. Each question runs in a new process, because services read
settings only once.
"""

from __future__ import annotations

import collections
import hashlib
import importlib
import json
import os
import sys
import types
from pathlib import Path
from unittest import mock

# Imported once for all questions. Both services use the same settings object, so a process has only one of them.
MODULES = {
    "nova": ("nova.conf", "nova.virt.libvirt.driver"),
    "cyborg": ("cyborg.conf", "cyborg.accelerator.drivers.gpu.nvidia.sysinfo"),
}
# Names that older releases import and current libraries lack; the questions do not need them.
GONE = {
    "crypt": {},
    "netifaces": {},
    "oslo_db.concurrency": {"TpoolDbapiWrapper": mock.MagicMock()},
    "oslo_utils.secretutils": {"md5": hashlib.md5},
    "pkg_resources": {"declare_namespace": lambda name: None},
}


def stand_in(name, members):
    """Create a module, or add members that a library has removed."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        module = sys.modules[name] = types.ModuleType(name)
    vars(module).update({key: value for key, value in members.items() if not hasattr(module, key)})
    parent, dummy, leaf = name.rpartition(".")
    if parent:
        setattr(importlib.import_module(parent), leaf, module)


def of_nova(path, devices, nodes):
    """Return what nova-compute and nova-api read; the methods are nova's, only the hardware is fake."""
    import nova.conf

    if path.is_dir():
        from nova.compute import provider_config

        return provider_config.get_provider_configs(str(path))
    from nova.pci import request, utils, whitelist

    conf = nova.conf.CONF
    conf([], project="nova", default_config_files=str(path).split(os.pathsep), default_config_dirs=[])
    physical = {device["address"] for device in devices if device["dev_type"] == "type-PF"}
    utils.is_physical_function = lambda *parts: "{}:{}:{}.{}".format(*parts) in physical
    of_card = {device["parent_addr"]: device["product_id"] for device in devices}
    utils.get_vf_product_id_by_pf_addr = of_card.__getitem__
    ids = {device["address"]: (device["vendor_id"], device["product_id"]) for device in devices}
    utils.get_pci_ids_by_pci_addr = ids.__getitem__
    driver = driver_of(nodes)
    named = "device_spec" if hasattr(conf.pci, "device_spec") else "passthrough_whitelist"
    specs = whitelist.Whitelist(getattr(conf.pci, named))
    first = {device["address"]: [spec for spec in specs.specs if spec.match(device)][:1] for device in devices}
    matching = {address: found[0] for address, found in first.items() if found}
    aliases = request._get_alias_from_config() if "_get_alias_from_config" in vars(request) else None
    aliases = request.get_alias_from_config() if aliases is None else aliases
    mapping = getattr(driver, "mdev_class_mapping", {})
    return {
        "types": driver.supported_vgpu_types,
        "addresses": driver.pgpu_type_mapping,
        "classes": {address: mapping[address] for address in driver.pgpu_type_mapping if mapping},
        "limits": getattr(driver, "mdev_type_max_mapping", {}),
        "default": getattr(driver, "pgpu_type_default", None),
        "offers": {name: offered["total"] for name, offered in driver._get_gpu_inventories().items()},
        "assignable": {address: spec.get_tags() for address, spec in matching.items()},
        "aliases": aliases,
        "gets": {name: fitting(specs_of(alias), devices, matching, utils) for name, alias in aliases.items()},
        "providers": providers(conf, devices, matching, specs.specs)
        if hasattr(conf.pci, "report_in_placement")
        else {},
    }


def driver_of(nodes):
    """Return nova's libvirt driver without its constructor, which needs a daemon."""
    from nova.virt.libvirt.driver import LibvirtDriver

    driver = LibvirtDriver.__new__(LibvirtDriver)
    driver.pgpu_type_mapping = {}
    driver.mdev_class_mapping = collections.defaultdict(lambda: "VGPU")
    driver.mdev_type_max_mapping = {}
    driver.mdev_classes = set()
    driver.pgpu_type_default = None
    driver.virtual_mdevs = set()
    listed = {kind: [name for name, node in nodes.items() if node["kind"] == kind] for kind in ("parent", "mdev")}
    driver._host = types.SimpleNamespace(
        list_mdev_capable_devices=lambda: listed["parent"],
        list_mediated_devices=lambda: listed["mdev"],
        device_lookup_by_name=lambda name: types.SimpleNamespace(XMLDesc=lambda flags: nodes[name]["xml"]),
    )
    with mock.patch("os.path.exists", lambda path: path.replace("/", "_").endswith(tuple(listed["parent"]))):
        driver.supported_vgpu_types = driver._get_supported_vgpu_types()
    return driver


def specs_of(alias):
    """Return the specs of an alias; before nova 19, an alias was only its specs."""
    return alias[1] if isinstance(alias, tuple) else alias


def fitting(specs, devices, matching, utils):
    """Return the devices that nova assigns to a guest that requests an alias, without Placement."""
    asked = [{key: value for key, value in spec.items() if key not in ("resource_class", "traits")} for spec in specs]
    pools = {
        device["address"]: {**device, **matching[device["address"]].get_tags()}
        for device in devices
        if device["address"] in matching
    }
    return sorted(address for address, pool in pools.items() if utils.pci_device_prop_match(pool, asked))


def providers(conf, devices, matching, specs):
    from nova.compute import pci_placement_translator

    if conf.pci.report_in_placement:
        pci_placement_translator.ensure_no_dev_spec_with_devname(specs)
    view = pci_placement_translator.PlacementView("node", [])
    for device in devices if conf.pci.report_in_placement else ():
        if device["address"] in matching:
            view.process_dev(types.SimpleNamespace(status="available", **device), matching[device["address"]])
    return {
        provider.name: [provider.resource_class, len(provider.devs), sorted(provider.traits)]
        for provider in view.rps.values()
    }


def features():
    """Return whether the release has each feature."""
    import nova.conf
    from nova.pci import devspec, request
    from nova.virt.libvirt import driver, utils

    conf = nova.conf.CONF
    conf([], project="nova", default_config_files=[], default_config_dirs=[])
    types = "enabled_mdev_types" if hasattr(conf.devices, "enabled_mdev_types") else "enabled_vgpu_types"
    conf.set_override(types, ["a", "b"], group="devices")
    nova.conf.devices.register_dynamic_opts(conf)
    group = getattr(conf, "mdev_a", None)
    long_name = "mdev_" + "0" * 8 + "_0000" * 3 + "_" + "0" * 12 + "_0000_84_00_0"
    tags = {"address": "0000:84:00.0", "managed": "no", "live_migratable": "yes", "one_time_use": "yes"}

    def knows(tag):
        """Return whether a release knows a tag: it then normalizes its value or rejects it here."""
        try:
            parsed = devspec.PciDeviceSpec({"address": tags["address"], tag: tags[tag]})
        except Exception as error:
            return tag in str(error)
        return parsed.get_tags()[tag] in ("true", "false")

    def works(action):
        try:
            return action() is not None
        except Exception:
            return False

    source = Path(driver.__file__).read_text(encoding="utf-8")
    return {
        "several types": "register_dynamic_opts" in source,
        "mdev_class": hasattr(group, "mdev_class"),
        "max_instances": hasattr(group, "max_instances"),
        "addresses of a single type": hasattr(driver.LibvirtDriver, "_get_supported_mdev_resource_classes")
        and "pgpu_type_default" in source,
        "virtual parents such as mtty": "_is_virtual_mdev" in source,
        "mediated devices of libvirt 7.7": works(lambda: utils.mdev_name2uuid(long_name)),
        "provider.yaml": works(lambda: importlib.import_module("nova.compute.provider_config")),
        "numa_policy socket": "socket" in json.dumps(request._ALIAS_SCHEMA),
        "vDPA devices": works(lambda: importlib.import_module("nova.objects.fields").PciDeviceType.VDPA),
        "report_in_placement": hasattr(conf.pci, "report_in_placement"),
        "pci_in_placement": hasattr(conf.filter_scheduler, "pci_in_placement"),
        **{tag: knows(tag) for tag in ("managed", "live_migratable", "one_time_use")},
    }


def names():
    """Return the names of all device settings of the release."""
    import nova.conf
    from nova.pci import request

    conf = nova.conf.CONF
    conf([], project="nova", default_config_files=[], default_config_dirs=[])
    types = "enabled_mdev_types" if hasattr(conf.devices, "enabled_mdev_types") else "enabled_vgpu_types"
    conf.set_override(types, ["a", "b"], group="devices")
    nova.conf.devices.register_dynamic_opts(conf)
    sections = ("devices", "pci", "mdev_a" if types == "enabled_mdev_types" else "vgpu_a")
    found = {}
    for place, section in zip(("devices", "pci", "type"), sections):
        options = [one["opt"] for one in conf._groups[section]._opts.values()]
        olds = [(old.group, old.name) for one in options for old in one.deprecated_opts]
        found[place] = [one.name for one in options]
        found[place] += [name for group, name in olds if name and group in (None, section)]
    from nova.virt.libvirt import driver

    needs = list(getattr(driver, "MIN_VFIO_PCI_VARIANT_LIBVIRT_VERSION", ()))
    return {**found, "alias": list(request._ALIAS_SCHEMA["properties"]), "live_migratable": needs}


def checks_device_profiles(bodies):
    from cyborg import objects

    objects.register_all()
    from cyborg.api.controllers.v2.device_profiles import DeviceProfilesController

    for body in bodies:
        DeviceProfilesController._validate_post_request(None, body)
    return bodies


def of_cyborg(path, devices, nodes):
    import cyborg.conf
    from cyborg.accelerator.drivers.gpu.nvidia import sysinfo

    conf = cyborg.conf.CONF
    conf([], project="cyborg", default_config_files=[str(path)], default_config_dirs=[])
    cyborg.conf.devices.register_dynamic_opts(conf)
    functions = [
        {**device, "raw_line": "3D controller", "device_id": device["product_id"], "slot": device["address"]}
        for device in devices
    ]
    virtual = {device["address"] for device in devices if device["dev_type"] == "type-VF"}
    given = []
    with (
        mock.patch.object(sysinfo.utils, "get_pci_devices", lambda: functions),
        mock.patch.object(sysinfo, "_is_vf", virtual.__contains__),
        mock.patch.object(sysinfo, "_generate_driver_device", lambda gpu: given.append([gpu["address"], gpu["rc"]])),
        mock.patch.object(sysinfo.os, "listdir", lambda path: conf.gpu_devices.enabled_vgpu_types),
        mock.patch("builtins.open", mock.mock_open(read_data="GRID T4-2B")),
    ):
        sysinfo._discover_gpus("10de")
    return {
        "drivers": conf.agent.enabled_drivers,
        "addresses": sysinfo._get_supported_vgpu_types()[1],
        "given": given,
    }


def reports_provider(question):
    """Have cyborg-conductor report GPUs of its agent with the real Placement client."""
    from cyborg import context
    from cyborg.common import placement_client
    from cyborg.conductor.manager import ConductorManager
    from keystoneauth1 import adapter, session
    from keystoneauth1.token_endpoint import Token

    login = session.Session(auth=Token(question["placement"], "admin"))
    manager = ConductorManager.__new__(ConductorManager)
    manager.placement_client = placement_client.PlacementClient.__new__(placement_client.PlacementClient)
    manager.placement_client._client = adapter.Adapter(session=login, service_type="placement", raise_exc=False)
    return [manager.provider_report(context.get_admin_context(), *provider) for provider in question["providers"]]


def reports_gpus(question):
    """Have cyborg-agent find the GPUs of a host below ``tree``, and cyborg-conductor report them."""
    import cyborg.conf
    import tracker
    from cyborg.accelerator.common import utils
    from cyborg.accelerator.drivers.gpu.nvidia.driver import NVIDIAGPUDriver

    tracker.enter(question["tree"])
    cyborg.conf.CONF([], project="cyborg", default_config_files=[question["file"]], default_config_dirs=[])
    cyborg.conf.CONF.set_override("host", question["host"])
    providers = []
    with mock.patch.object(utils, "lspci_privileged", lambda: question["lspci"]):
        deployables = [one for device in NVIDIAGPUDriver().discover() for one in device.deployable_list]
    for one in deployables:
        values = {attribute.key: attribute.value for attribute in one.attribute_list}
        traits = [value for key, value in values.items() if key.startswith("trait")]
        providers.append([one.name, values["rc"], traits, one.num_accelerators, question["parent"]])
    return reports_provider({**question, "providers": providers})


def merged(question):
    """Return the provider tree after two reports of nova-compute: inventory classes and traits by name."""
    import os_traits
    from nova.compute import provider_config, provider_tree, resource_tracker

    configs = provider_config.get_provider_configs(question["directory"])
    tracker = resource_tracker.ResourceTracker.__new__(resource_tracker.ResourceTracker)
    tracker.absent_providers = set()
    tree = provider_tree.ProviderTree()
    root = tree.new_root(question["root"], "27982173-78e5-5f98-8d76-7bc29f762287")
    # Only the providers of nova get a new inventory for each report.
    for by_nova in (False, True, True):
        tree.update_traits(root, [os_traits.COMPUTE_NODE])
        tree.update_inventory(root, {})
        for name, (owner, resource_class, traits) in question["children"].items():
            if not tree.exists(name):
                tree.new_child(name, root)
            if by_nova == (owner == "nova"):
                tree.update_inventory(name, {resource_class: {"total": 1}} if resource_class else {})
                tree.update_traits(name, traits)
        if by_nova:
            tracker._merge_provider_configs(configs, tree)
    names = [question["root"], *question["children"]]
    return {name: [sorted(tree.data(name).inventory), sorted(tree.data(name).traits)] for name in names}


def of_flavor(path, specs):
    """Return the number of devices of each PCI request, and the numbered resource groups of a flavor."""
    import nova.conf
    from nova import objects
    from nova.pci import request
    from nova.scheduler import utils

    nova.conf.CONF([], project="nova", default_config_files=[path], default_config_dirs=[])
    objects.register_all()
    flavor = objects.Flavor(vcpus=1, memory_mb=1, root_gb=0, ephemeral_gb=0, swap=0, extra_specs=specs)
    requests = [one.count for one in request.get_pci_requests_from_flavor(flavor).requests]
    if requests:
        return {"requests": requests, "groups": []}
    asked = utils.ResourceRequest()
    asked._process_extra_specs(flavor)
    return {"requests": [], "groups": [{"resources": one.resources} for key, one in asked._rg_by_id.items() if key]}


ABOUT = {"features": features, "names": names}


def answer(question):
    try:
        if question["path"] in ABOUT:
            return ABOUT[question["path"]]()
        if question["path"] == "tracker":
            import tracker

            return tracker.report(question)
        if question["path"] == "provider tree":
            return merged(question)
        if question["path"] == "gpus":
            return reports_gpus(question)
        if question["path"] == "providers":
            return reports_provider(question)
        if question["path"] == "flavor":
            return of_flavor(*question["devices"])
        if question["path"] == "device profiles":
            return checks_device_profiles(question["devices"])
        asked = of_nova if sys.argv[1] == "nova" else of_cyborg
        return asked(Path(question["path"]), question["devices"], question["nodes"])
    except Exception as error:  # every error is part of the answer
        return {"error": f"{type(error).__name__}: {error}"}


if sys.argv[2:]:
    sys.path.insert(0, sys.argv[2])
    for gone, members in GONE.items():
        stand_in(gone, members)
for name in MODULES[sys.argv[1]]:
    importlib.import_module(name)
for line in sys.stdin:
    child = os.fork()
    if not child:
        print(json.dumps(answer(json.loads(line))), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
# Skip the cleanup, because deleting all these modules takes seconds.
os._exit(0)
