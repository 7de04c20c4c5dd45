# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.vfio.devices.plugins.module_utils._capture import guests
from ansible_collections.vfio.devices.plugins.module_utils._capture.anonymize import Anonymizer
from ansible_collections.vfio.devices.plugins.module_utils._guards import domain_xml

DOMAIN = """<domain type='kvm'><name>payroll</name><uuid>7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01</uuid>
<description>secret</description><devices><graphics type='vnc' passwd='secret'/>
<disk><source file='/srv/secret.img'/></disk>
<hostdev mode='subsystem' type='pci' managed='yes'>
<source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x0'/></source></hostdev></devices></domain>"""


def test_a_domain_keeps_its_devices_and_no_secrets():
    said = guests.domain(DOMAIN, Anonymizer("x"))
    assert "secret" not in said
    assert "payroll" not in said
    parsed = domain_xml.parse(said)
    assert parsed.name == "guest-1"
    assert [one.name for one in parsed.references] == ["0000:3b:00.0"]
    assert guests.domain("no XML", Anonymizer("x")) is None


def test_a_guest_of_proxmox():
    text = "name: payroll\nhostpci0: 0000:3b:00.0,pcie=1\ncipassword: secret\n[before-secret]\nhostpci1: 3c:00"
    assert guests.guest(text, Anonymizer("x")) == (
        "name: guest-1\nhostpci0: 0000:3b:00.0,pcie=1\n[snapshot]\nhostpci1: 3c:00"
    )


def test_processes():
    hide = Anonymizer("x")
    command = "/usr/bin/qemu-system-x86_64\0-name\0guest=payroll,debug-threads=on\0-object\0secret,data=secret\0"
    assert guests.command_of(command, hide) == "qemu-system-x86_64\0-name\0guest=guest-1"
    assert guests.command_of("/usr/bin/python3\0--password=secret\0", hide) == "python3"
    assert guests.groups("0::/user.slice/user-1000.slice/secret.scope", hide) == "0::/"
    assert guests.groups("0::/system.slice/nvidia-dcgm.service", hide) == "0::/nvidia-dcgm.service"


def test_pods():
    entry = {
        "PodUID": "u",
        "ContainerName": "payroll",
        "ResourceName": "nvidia.com/gpu",
        "DeviceIDs": {"-1": ["g"]},
        "AllocResp": "secret",
    }
    said = guests.checkpoint(json.dumps({"Data": {"PodDeviceEntries": [entry]}, "Checksum": 1}), Anonymizer("x"))
    assert "secret" not in said
    assert "payroll" not in said
    assert guests.checkpoint("no JSON", Anonymizer("x")) is None
