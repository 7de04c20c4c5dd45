# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that a real libvirtd and the facts agree about simulated hosts."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.definitions import (
    definition_path,
    definition_text,
)
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.tests.integration.libvirt import daemon
from ansible_collections.vfio.devices.tests.simhost import SimHost, plain
from ansible_collections.vfio.devices.tests.simhost.pci import PciFunction
from ansible_collections.vfio.devices.tests.simhost.profile import names
from ansible_collections.vfio.devices.tests.simhost.tools import Tools

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


@pytest.fixture(scope="module", autouse=True)
def libvirtd():
    daemon.require()


def name_of(address):
    return "pci_" + address.replace(":", "_").replace(".", "_")


def address_of(element):
    parts = [int(element.get(part), 16) for part in ("domain", "bus", "slot", "function")]
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*parts)


def functions(devices):
    """Map the address of each PCI function to its properties in libvirt."""
    found = {}
    for xml in devices.values():
        device = ElementTree.fromstring(xml)
        capability = device.find("capability[@type='pci']")
        if capability is not None:
            parts = [int(capability.findtext(part)) for part in ("domain", "bus", "slot", "function")]
            group = capability.find("iommuGroup")
            virtual = capability.find("capability[@type='virt_functions']")
            card = capability.find("capability[@type='phys_function']/address")
            numa = capability.find("numa")
            found["{:04x}:{:02x}:{:02x}.{:x}".format(*parts)] = {
                "parent": device.findtext("parent"),
                "class": capability.findtext("class")[2:],
                "ids": (capability.find("vendor").get("id")[2:], capability.find("product").get("id")[2:]),
                "driver": device.findtext("driver/name"),
                "numa_node": int(numa.get("node")) if numa is not None else None,
                "iommu_group": int(group.get("number")) if group is not None else None,
                "members": sorted(map(address_of, group)) if group is not None else [],
                "total_vfs": int(virtual.get("maxCount", "0")) if virtual is not None else 0,
                "virtual_functions": list(map(address_of, virtual)) if virtual is not None else [],
                "physical_function": address_of(card) if card is not None else None,
            }
    return found


def types(devices):
    """Map each parent to its types in libvirt."""
    found = {}
    for name, xml in devices.items():
        kinds = ElementTree.fromstring(xml).findall(".//capability[@type='mdev_types']/type")
        if kinds:
            found[name] = {
                kind.get("id"): (
                    kind.findtext("name"),
                    kind.findtext("deviceAPI"),
                    int(kind.findtext("availableInstances")),
                )
                for kind in kinds
            }
    return found


def mediated(devices):
    """Map the UUID of each mediated device to parent, type and group."""
    found = {}
    for xml in devices.values():
        device = ElementTree.fromstring(xml)
        capability = device.find("capability[@type='mdev']")
        if capability is not None:
            uuid = capability.findtext("uuid")
            kind, group = capability.find("type").get("id"), capability.find("iommuGroup").get("number")
            found[uuid] = (device.findtext("parent"), kind, int(group))
    return found


def expected_functions(host, facts):
    """Return the same for functions of the simulator, and for cards from the facts."""
    found = {}
    for function in host.pci.devices.values():
        assert isinstance(function, PciFunction)
        spec, group = function.spec, function.group
        above = function.directory.rpartition("/")[2]
        members = sorted(one.name for one in host.pci.devices.values() if group is not None and one.group is group)
        found[function.name] = {
            "parent": name_of(above) if "." in above else "computer",
            "class": spec.class_code,
            "ids": (spec.vendor, spec.device),
            "driver": function.driver.name if function.driver else None,
            "numa_node": spec.numa_node if spec.numa_node >= 0 else None,
            "iommu_group": group.number if group is not None else None,
            "members": members,
            "total_vfs": function.sriov.total if function.sriov else 0,
            "virtual_functions": [vf.name for vf in function.sriov.vfs] if function.sriov else [],
            "physical_function": function.physfn.name if function.physfn else None,
        }
    for card in facts["physical_functions"]:
        told = found[card["address"]]
        told.update({key: card[key] for key in ("driver", "numa_node", "iommu_group", "total_vfs")})
        told.update(
            ids=(card["vendor_id"], card["product_id"]),
            virtual_functions=[one["address"] for one in card["virtual_functions"]],
        )
    return found


def parent_name(parent):
    if parent["address"]:
        return name_of(parent["address"])
    names_on = {"css": f"css_{parent['name'].replace('.', '_')}", "matrix": "ap_matrix", "mtty": "mtty_mtty"}
    return names_on.get(parent["bus"], parent["name"])


@pytest.mark.parametrize("profile", names())
def test_facts_are_those_of_libvirt(tmp_path, profile):
    host = SimHost(profile)
    facts = run_facts.observe(HostRoot("/simulated", files=host.accessor(), tools=Tools(host)), run_facts.PARTS)
    plain.write(host, tmp_path)
    devices = daemon.ask(tmp_path)["devices"]
    assert functions(devices) == expected_functions(host, facts)
    of_libvirt = types(devices)
    of_mdev = [parent for parent in facts["parents"] if parent["framework"] == "mdev"]
    # libvirt supports only this sample of the kernel.
    known = {parent_name(one): one for one in of_mdev if one["bus"] in ("pci", "css", "matrix", "mtty")}
    assert of_libvirt == {
        name: {kind["id"]: (kind["name"], kind["device_api"], kind["available_instances"]) for kind in parent["types"]}
        for name, parent in known.items()
    }
    names_of_parents = {parent["name"]: parent_name(parent) for parent in of_mdev}
    assert mediated(devices) == {
        one["uuid"]: (names_of_parents[one["parent"]], one["type"], one["iommu_group"])
        for one in facts["devices"]
        if one["uuid"] and one["state"] == "active"
    }


DEFINED = [
    ("t4", "0000:3b:00.0", "nvidia-231", []),
    ("mixed", "0000:c1:00.5", "nvidia-560", []),
    ("s390", "0.0.0313", "vfio_ccw-io", []),
    ("s390", "matrix", "vfio_ap-passthrough", [{"assign_adapter": "5"}, {"assign_domain": "4"}]),
]
NAMES = {"0.0.0313": "css_0_0_0313", "matrix": "ap_matrix"}


@pytest.mark.parametrize(("profile", "parent", "kind", "attributes"), DEFINED)
def test_definitions_are_those_of_libvirt(tmp_path, profile, parent, kind, attributes):
    """Compare definitions of virsh nodedev-define and -autostart with those of mdev_instance, in both directions."""
    plain.write(SimHost(profile), tmp_path)
    pairs = "".join(f"<attr name='{key}' value='{value}'/>" for one in attributes for key, value in one.items())
    name = NAMES.get(parent) or name_of(parent)
    (defined,) = daemon.ask(
        tmp_path,
        f"<device><parent>{name}</parent><capability type='mdev'><type id='{kind}'/><uuid>{UUID}</uuid>{pairs}"
        "</capability></device>",
    )["defined"]
    assert (defined["autostart"], defined["active"]) == (1, 0)
    ours = definition_text(Definition(kind, True, tuple(pair for one in attributes for pair in one.items())))
    assert (tmp_path / definition_path(parent, UUID)).read_text() == ours
    # And vice versa.
    devices = daemon.ask(tmp_path)["devices"]
    found = [ElementTree.fromstring(xml) for xml in devices.values() if UUID in xml]
    assert [(one.findtext("parent"), one.find("capability/type").get("id")) for one in found] == [(name, kind)]
