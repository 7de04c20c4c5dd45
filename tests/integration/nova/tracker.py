# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run nova's resource tracker on a simulated host, with a real Placement.

The driver of nova reads the XML of node devices from a real libvirtd, and the host's files below ``/sys``, which are
mounted in a namespace of the process. Only parts without devices are replaced: processors, memory, disks, database.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import os
import subprocess
from unittest import mock
from xml.etree import ElementTree

NEW_MOUNTS, NEW_USERS = 0x00020000, 0x10000000


def enter(tree):
    """Mount the host's ``/sys`` for this process only."""
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS | (NEW_USERS if user else 0)):
        raise OSError(ctypes.get_errno(), "unshare")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", f"{tree}/sys", "/sys"], check=True)


class NodeDevice:
    """A node device with the methods that libvirt-python provides."""

    def __init__(self, xml):
        self.xml = xml
        self.device = ElementTree.fromstring(xml)

    def name(self):
        return self.device.findtext("name")

    def parent(self):
        return self.device.findtext("parent")

    def listCaps(self):
        return [one.get("type") for one in self.device.iter("capability")]

    def XMLDesc(self, flags):
        return self.xml


def copied(tree, memo):
    """Return a copy of nova's provider tree without copying its lock, which requires the threads of nova."""
    other = type(tree).__new__(type(tree))
    vars(other).update(copy.deepcopy({key: value for key, value in vars(tree).items() if key != "lock"}, memo))
    other.lock = tree.lock
    return other


def driver_of(devices):
    """Return nova's driver and host without their constructors, which need a daemon."""
    from nova.virt.libvirt import driver, host

    found = {one.name(): one for one in map(NodeDevice, devices)}

    def with_capability(name):
        return [one for one, device in found.items() if name in device.listCaps()]

    libvirt = mock.MagicMock()
    libvirt.libvirtError = OSError
    driver.libvirt = host.libvirt = libvirt
    real = host.Host.__new__(host.Host)
    vars(real).update(
        list_all_devices=lambda flags: list(found.values()),
        list_mdev_capable_devices=lambda flags=0: with_capability("mdev_types"),
        list_mediated_devices=lambda flags=0: with_capability("mdev"),
        list_pci_devices=lambda flags=0: with_capability("pci"),
        device_lookup_by_name=found.__getitem__,
        get_memory_mb_total=lambda: 4096,
        _supports_amd_sev=False,
    )
    virt = driver.LibvirtDriver.__new__(driver.LibvirtDriver)
    vars(virt).update(
        _host=real,
        _static_traits={},
        pgpu_type_mapping={},
        mdev_class_mapping=driver.collections.defaultdict(lambda: "VGPU"),
        mdev_type_max_mapping={},
        mdev_classes=set(),
        pgpu_type_default=None,
        virtual_mdevs=set(),
        capabilities_as_traits=dict,
        _get_local_gb_info=lambda: {"total": 100},
        _get_vcpu_available=lambda: {0, 1, 2, 3},
        _get_pcpu_available=set,
        _get_disk_size_reserved_for_image_cache=int,
        _update_provider_tree_for_pcpu=mock.Mock(),
        _update_provider_tree_for_vpmems=mock.Mock(),
        _update_provider_tree_for_memory_encryption=mock.Mock(),
        _update_provider_tree_for_vtpm=mock.Mock(),
    )
    virt.supported_vgpu_types = virt._get_supported_vgpu_types()
    return virt


def report(question):
    """Report to Placement, and return the PCI devices of nova and those of each flavor."""
    enter(question["tree"])
    import nova.conf
    from keystoneauth1 import adapter, session
    from keystoneauth1.token_endpoint import Token
    from nova import context, objects
    from nova.compute import provider_tree, resource_tracker
    from nova.scheduler.client import report as client

    conf = nova.conf.CONF
    conf([], project="nova", default_config_files=question["files"], default_config_dirs=question["directories"])
    objects.register_all()
    provider_tree.ProviderTree.__deepcopy__ = copied
    virt = driver_of(question["devices"])
    admin = context.get_admin_context()
    login = session.Session(auth=Token(question["placement"], "admin"))
    placement = adapter.Adapter(session=login, service_type="placement")
    name, uuid = question["root"]

    def tracker():
        with mock.patch.object(
            objects.PciDeviceList, "get_by_compute_node", lambda *args: objects.PciDeviceList(objects=[])
        ):
            found = resource_tracker.ResourceTracker(name, virt, client.SchedulerReportClient(placement))
            node = objects.ComputeNode(id=1, uuid=uuid, host=name, hypervisor_hostname=name, numa_topology=None)
            found._sync_compute_service_disabled_trait = lambda *args: None
            found._setup_pci_tracker(admin, node, {"pci_passthrough_devices": virt._get_pci_passthrough_devices()})
        return found, node

    found, node = tracker()
    # At service start and in a later period.
    for starts in (True, False):
        found._update_to_placement(admin, node, starts)
    return {
        "assignable": {one.address: one.dev_type for one in found.pci_tracker.pci_devs},
        "gets": {flavor: of_flavor(specs, tracker()[0]) for flavor, specs in question["flavors"].items()},
    }


def of_flavor(specs, found):
    """Return the request groups for Placement, or without Placement the devices of guests, one by one."""
    from nova import exception, objects
    from nova.pci import request

    if "pci_passthrough:alias" not in specs:
        return {}
    flavor = objects.Flavor(extra_specs=specs)
    requests = request.get_pci_requests_from_flavor(flavor)
    asked = objects.RequestSpec(pci_requests=requests, requested_resources=[])
    if hasattr(asked, "generate_request_groups_from_pci_requests"):
        asked.generate_request_groups_from_pci_requests()
    groups = [[group.resources, sorted(group.required_traits)] for group in asked.requested_resources]
    devices = []
    with contextlib.suppress(exception.PciDeviceRequestFailed):
        while not groups:
            devices += [one.address for one in found.pci_tracker.stats.consume_requests(requests.requests)]
    return {"groups": groups, "devices": sorted(devices)}
