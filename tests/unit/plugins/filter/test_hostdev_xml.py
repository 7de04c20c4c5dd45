# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/integration/libvirt tests the elements with the schema and the test driver of libvirt."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.hostdev_xml import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import ports, whole
from hypothesis import given
from hypothesis import strategies as st

hostdev_xml = FilterModule().filters()["hostdev_xml"]

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


def first_line(*arguments, **options):
    return hostdev_xml(*arguments, **options).splitlines()[0]


def test_a_mediated_device():
    assert hostdev_xml(UUID.upper()) == (
        '<hostdev mode="subsystem" type="mdev" model="vfio-pci">\n'
        "  <source>\n"
        f'    <address uuid="{UUID}" />\n'
        "  </source>\n"
        "</hostdev>\n"
    )


def test_a_virtual_function():
    assert hostdev_xml("0000:86:1F.7") == (
        '<hostdev mode="subsystem" type="pci" managed="yes">\n'
        "  <source>\n"
        '    <address domain="0x0000" bus="0x86" slot="0x1f" function="0x7" />\n'
        "  </source>\n"
        "</hostdev>\n"
    )


def test_a_network_interface():
    text = hostdev_xml("0000:86:10.0", interface=True, mac="52:54:00:6D:90:02", vlan="42", managed="no")
    assert text.splitlines()[:2] == ['<interface type="hostdev" managed="no">', '  <mac address="52:54:00:6d:90:02" />']
    assert '<tag id="42" />' in text
    assert "mac" not in hostdev_xml("0000:86:10.0", interface=True)


@pytest.mark.parametrize(
    ("parent", "model"),
    [("0000:84:00.0", "vfio-pci"), ("mtty", "vfio-pci"), ("0.0.0313", "vfio-ccw"), ("matrix", "vfio-ap")],
)
def test_the_model_follows_from_the_parent(parent, model):
    assert f'model="{model}"' in hostdev_xml({"uuid": UUID, "address": None, "parent": parent})
    assert 'model="vfio-ap"' in hostdev_xml({"uuid": UUID, "parent": parent}, device_api="vfio-ap")


def test_the_display_of_a_vgpu():
    assert first_line(UUID, display=True, ramfb=True).endswith('model="vfio-pci" display="on" ramfb="on">')
    assert first_line(UUID, display="no").endswith('display="off">')


@pytest.mark.parametrize(
    ("device", "managed"),
    [
        ({"address": "0000:84:00.0", "driver": "nvidia", "virtual_functions": []}, "yes"),
        ({"address": "0000:84:00.4", "driver": "nvidia", "index": 0}, "no"),
        ({"address": "0000:84:00.4", "driver": "iavf", "index": 0}, "yes"),
        ({"address": "0000:84:00.4", "driver": "xe-vfio-pci", "index": 0}, "no"),
        ({"address": "0000:84:00.4", "driver": None}, "yes"),
        ({"address": "0000:84:00.4", "driver": "vfio-pci"}, "no"),
        ({"address": "0000:84:00.4", "driver": "mlx5_vfio_pci"}, "no"),
        ({"uuid": None, "address": "0000:84:00.4", "framework": "vendor_vfio", "type": "1157"}, "no"),
        (whole(), "no"),
        (whole(driver="native"), "yes"),
        (whole(driver="nvgrace_gpu_vfio_pci"), "no"),
        (whole(driver="pci-stub"), "yes"),
    ],
)
def test_libvirt_leaves_alone_what_is_ready(device, managed):
    assert f'managed="{managed}"' in first_line(device)
    assert 'managed="yes"' in first_line(device, managed=True)


REFUSED = [
    ("x", {}, "'x' is not a PCI address"),
    ({"uuid": "x"}, {}, "'x' is not a UUID"),
    (ports(), {}, "has several devices for guests. Use one of these devices"),
    (UUID, {"managed": True}, "managed, interface, mac and vlan are for PCI functions"),
    (UUID, {"vlan": 1}, "managed, interface, mac and vlan are for PCI functions"),
    (UUID, {"device_api": "vfio-platform"}, "libvirt supports vfio-pci, vfio-ccw, vfio-ap, and not 'vfio-platform'"),
    (UUID, {"device_api": "vfio-ap", "display": True}, "a vfio-ap device has no display"),
    (UUID, {"ramfb": True}, "ramfb needs display=true"),
    ("0000:84:00.4", {"display": True}, "device_api, display and ramfb are for mediated devices"),
    ("0000:84:00.4", {"mac": "52:54:00:6d:90:02"}, "mac and vlan need interface=true"),
    ("0000:84:00.4", {"interface": True, "mac": "53:54:00:6d:90:02"}, "is not a unicast address such as"),
    ("0000:84:00.4", {"interface": True, "vlan": 4095}, "vlan must be a whole number from 1 to 4094, and not 4095"),
    ("0000:84:00.4", {"interface": True, "vlan": "x"}, "vlan must be a whole number from 1 to 4094, and not 'x'"),
    (whole(), {"interface": True}, "is a card, and libvirt supports only virtual functions as interfaces"),
]


@pytest.mark.parametrize(("device", "options", "sentence"), REFUSED)
def test_refusals(device, options, sentence):
    with pytest.raises(AnsibleFilterError, match=sentence):
        hostdev_xml(device, **options)


@given(
    device=st.none()
    | st.text()
    | st.dictionaries(st.sampled_from(["uuid", "address", "parent"]), st.none() | st.text())
)
def test_garbage_is_refused(device):
    with pytest.raises(AnsibleFilterError):
        hostdev_xml(device)


@pytest.mark.parametrize(
    ("options", "result"), [({"device_api": "", "display": ""}, UUID), ({"mac": "", "vlan": ""}, UUID)]
)
def test_the_text_that_a_template_makes_of_null_is_not_given(options, result):
    assert hostdev_xml(result, **options, ramfb="", interface="", managed="") == hostdev_xml(result)
