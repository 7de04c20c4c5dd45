# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import domain_xml

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
QEMU = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"


def domain(devices="", more="", attributes=""):
    return f"<domain type='kvm' {attributes}><name>web1</name><devices>{devices}</devices>{more}</domain>"


@pytest.mark.parametrize(
    ("devices", "named"),
    [
        (
            f"<hostdev mode='subsystem' type='mdev'><source><address uuid='{UUID.upper()}'/></source>"
            "<address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/></hostdev>",
            [("device", UUID)],
        ),
        (
            "<hostdev type='pci'><source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x4'/></source>"
            "</hostdev>",
            [("device", "0000:3b:00.4")],
        ),
        (
            "<interface type='hostdev'><source><address type='pci' domain='0' bus='020' slot='16' function='2'/>"
            "</source></interface>",
            [("device", "0000:10:10.2")],
        ),
        (
            "<hostdev><source><address bus='x' slot='0'/></source></hostdev>"
            "<hostdev><source><address bus='0x41' slot='0'/></source></hostdev>",
            [("device", "0000:41:00.0")],
        ),
        ("<hostdev type='usb'><source><address bus='1' device='3'/></source></hostdev>", [("usb device", "1.3")]),
        (
            "<hostdev type='usb'><source><vendor id='0x046d'/><product id='0xc52b'/><address bus='1' device='3'/>"
            "</source></hostdev>",
            [("usb device", "046d:c52b")],
        ),
        ("<hostdev type='usb'><source><vendor id='x'/><product id='0xc52b'/></source></hostdev>", []),
        (
            "<hostdev type='scsi'><source><adapter name='scsi_host5'/><address bus='0' target='0' unit='0'/></source>"
            "</hostdev>",
            [("scsi host", "host5")],
        ),
        ("<disk type='volume'><source pool='spare' volume='web1'/></disk>", []),
        (
            "<disk type='nvme'><source type='pci' namespace='1'>"
            "<address domain='0x0000' bus='0x61' slot='0x00' function='0x0'/></source></disk>",
            [("device", "0000:61:00.0")],
        ),
        ("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>", [("file", "/dev/vhost-vdpa-0")]),
        (
            "<interface type='direct'><source dev='ens2f0v1' mode='passthrough'/></interface>",
            [("interface", "ens2f0v1")],
        ),
        ("<graphics><gl rendernode='/dev/dri/renderD128'/></graphics>", [("file", "/dev/dri/renderD128")]),
        ("<disk type='block'><source dev='/dev/nvme0n1'/></disk>", [("file", "/dev/nvme0n1")]),
        ("<hostdev type='misc'><source><char>/dev/hl0</char></source></hostdev>", [("file", "/dev/hl0")]),
        ("<interface type='bridge'><source bridge='br0'/></interface>", []),
        # The domain of a container.
        (
            "<hostdev mode='capabilities' type='net'><source><interface> eth7 </interface></source></hostdev>",
            [("interface", "eth7")],
        ),
        (
            "<hostdev mode='capabilities' type='storage'><source><block>/dev/sdf1</block></source></hostdev>",
            [("file", "/dev/sdf1")],
        ),
        (
            "<filesystem type='mount'><source dir='/dev/dri'/><target dir='/dev/dri'/></filesystem>",
            [("file", "/dev/dri")],
        ),
    ],
)
def test_devices_of_a_domain(devices, named):
    assert [(one.kind, one.name) for one in domain_xml.parse(domain(devices)).references] == named


def test_arguments_that_are_only_passed_on_to_qemu():
    arguments = "<qemu:arg value='-device'/><qemu:arg value='vfio-pci,host=01:00.0'/>"
    found = domain_xml.parse(domain(more=f"<qemu:commandline>{arguments}</qemu:commandline>", attributes=QEMU))
    assert [(one.kind, one.name) for one in found.references] == [("device", "01:00.0")]


def test_status_file_of_a_running_domain():
    given = "<interface type='network'><source network='pool'/>{}</interface>"
    source = "<source><address type='pci' domain='0' bus='0x41' slot='0' function='0x2'/></source>"
    actual = f"<actual type='hostdev'>{source}</actual>"
    status = f"<domstatus state='running' pid='77'>{domain(given.format(actual))}</domstatus>"
    found = domain_xml.parse(status)
    assert (found.name, found.active, found.process, found.networks) == ("web1", True, 77, ())
    assert [one.name for one in found.references] == ["0000:41:00.2"]
    assert domain_xml.parse(domain(given.format(""))).networks == ("pool",)


def test_other_xml_and_none():
    assert domain_xml.parse("<domainsnapshot><domain/></domainsnapshot>") is None
    with pytest.raises(ValueError, match="no element found"):
        domain_xml.parse("<domain>")


@pytest.mark.parametrize(
    ("forward", "named"),
    [
        ("<forward mode='hostdev' managed='yes'><pf dev='ens2f0'/></forward>", [("pool", "ens2f0")]),
        (
            "<forward mode='hostdev'><driver name='vfio'/>"
            "<address type='pci' domain='0' bus='0x41' slot='0' function='0x3'/></forward>",
            [("device", "0000:41:00.3")],
        ),
        ("<forward mode='passthrough'><interface dev='ens2f0v1'/></forward>", [("interface", "ens2f0v1")]),
        ("<forward mode='passthrough' dev='ens2f0v1'/>", [("interface", "ens2f0v1")]),
        ("<forward mode='nat' dev='ens2f0'/>", []),
        ("<forward mode='nat'/>", []),
        ("", []),
    ],
)
def test_devices_of_a_network(forward, named):
    found = domain_xml.network(f"<network><name>pool</name>{forward}</network>")
    assert [(one.kind, one.name) for one in found] == named


def test_storage_pools_of_a_domain():
    disk = "<disk type='volume'><source pool='spare' volume='web1'/></disk><disk type='file'><source file='/x'/></disk>"
    assert domain_xml.parse(domain(disk)).pools == ("spare",)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("<source><device path='/dev/nvme1n1'/></source>", [("file", "/dev/nvme1n1")]),
        ("<source><adapter type='scsi_host' name='scsi_host5'/></source>", [("scsi host", "host5")]),
        ("<source><adapter type='fc_host' parent='scsi_host5' wwnn='1'/></source>", [("scsi host", "host5")]),
        ("<source><name>vg0</name></source>", []),
        ("", []),
    ],
)
def test_devices_of_a_storage_pool(source, named):
    xml = f"<pool><name>spare</name>{source}<target><path>/dev/spare</path></target></pool>"
    assert [(one.kind, one.name) for one in domain_xml.pool(xml)] == named
