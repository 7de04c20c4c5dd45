# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.filter.resolve import resolve
from ansible_collections.vfio.devices.plugins.module_utils._boot.restore import restore
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import attributes, registry
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.tests.simhost.tree import constant
from hypothesis import given
from hypothesis import strategies as st

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"
OF_THE_KERNEL = [
    *("uevent", "remove", "mdev_type/create", "mdev_type/devices", "driver/unbind", "driver_override", "power/control"),
    *("power", "iommu_group/type", "iommu_group", "iommu/uevent", "subsystem/drivers_probe", "waiting_for_supplier"),
    *("mdev_supported_types/mtty-1", "vfio-dev/vfio0", "vfio/x", "online", "removable", "coredump", "state_synced"),
    *("firmware_node/x", "physical_node", "physical_node1/x", "software_node0", "of_node/name", "nvidia/uevent"),
]
NO_NAME = [
    *(
        "..",
        "../remove",
        "nvidia/../remove",
        "/remove",
        "a/b/c",
        "a//b",
        "a/",
        "",
        ".",
        "a\n",
        "remove\n",
        "a\0b",
        "a b",
    ),
    *("supplier:pci:0000:3b:00.0", "consumer:x/uevent", "\uff41", "\u00e9", "a" * 65, "a/" + "b" * 65, "\ud800"),
]


@pytest.mark.parametrize(
    ("attribute", "pair"),
    [
        ({"assign_adapter": 5}, ("assign_adapter", "5")),
        ({"nvidia/vgpu_params": "x=1"}, ("nvidia/vgpu_params", "x=1")),
        ({"remove_adapter": "0x5"}, ("remove_adapter", "0x5")),
        ({"driver_x": "x" * 4095}, ("driver_x", "x" * 4095)),
        ({"some-vendor/frame-rate": 0}, ("some-vendor/frame-rate", "0")),
    ],
)
def test_taken(attribute, pair):
    assert attributes.check(attribute) == pair


@pytest.mark.parametrize("name", OF_THE_KERNEL)
def test_entries_of_the_kernel_are_refused(name):
    with pytest.raises(ValueError) as refused:
        attributes.check({name: "7"})
    assert str(refused.value).startswith(
        f"attribute {name!r} with the value '7' is not a setting of the device, because "
    )


@pytest.mark.parametrize("name", [*NO_NAME, 5, None, True, ("a",)])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="is not the name of an attribute"):
        attributes.check({name: "7"})


@pytest.mark.parametrize(
    "value", ["", None, True, False, 1.5, [], {}, "a\0", "x" * 4096, "\u00e9" * 2048, "\ud800", 10**50, b"x"]
)
def test_what_is_no_value_is_refused(value):
    with pytest.raises(ValueError, match="attribute a must have a value of 1 to 4095 characters, and not "):
        attributes.check({"a": value})


@pytest.mark.parametrize("attribute", [None, {}, {"a": "1", "b": "2"}, "a", ["a", "1"], 5])
def test_what_is_no_attribute_is_refused(attribute):
    with pytest.raises(ValueError, match="an attribute must have exactly one key, but this one "):
        attributes.check(attribute)


parts = st.one_of(st.sampled_from([*OF_THE_KERNEL, "nvidia", "a", "..", "/", "\n"]), st.text(max_size=8))


@given(name=st.lists(parts, min_size=1, max_size=3).map("/".join))
def test_no_name_leaves_the_device(name):
    try:
        taken, dummy = attributes.check({name: "1"})
    except ValueError:
        return
    assert taken.isascii() and taken.count("/") < 2
    assert not set(taken.split("/")) & {"", ".", "..", "remove", "uevent", "power", "driver", "mdev_type"}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", OF_THE_KERNEL)
def test_options_are_refused_before_any_write(simulated, name, check):
    host = simulated("mtty")
    wanted = {"type": "mtty-1", "uuid": UUID, "attributes": [{name: OTHER}]}
    with pytest.raises(Refused, match="belongs to the kernel"):
        host.converge(wanted, check=check)
    assert host.devices() == {}


def test_declaration_is_refused(simulated):
    vgpu = {"type": "mtty-1", "attributes": [{"mdev_type/create": UUID}]}
    with pytest.raises(
        Exception, match="profile a: vgpu: attributes.0.: attribute 'mdev_type/create'.* belongs to the kernel"
    ):
        resolve([{"name": "a", "select": ["mtty"], "vgpu": vgpu}], simulated("mtty").facts())


def define(host, attribute):
    definition = {"mdev_type": "mtty-1", "start": "auto", "attrs": [{"sample": "1"}, attribute]}
    host.files.replace(f"etc/mdevctl.d/mtty/{UUID}", json.dumps(definition).encode())


def test_definition_of_others_is_refused_where_it_would_be_kept(simulated):
    host = simulated("mtty")
    host.create("mtty", "mtty-1", UUID)
    define(host, {"mdev_type/create": OTHER})
    with pytest.raises(Refused) as refused:
        host.converge({"type": "mtty-1"})
    (problem,) = refused.value.problems
    assert f"mdevctl modify --uuid {UUID} --delattr --index 1" in problem
    assert list(host.devices()) == [UUID]
    assert not host.files.exists("etc/vfio-devices/mdev_instance/mtty.json")


def test_definition_is_refused_at_boot(simulated):
    host = simulated("mtty")
    assert host.converge({"type": "mtty-1", "uuid": UUID})["changed"]
    host.write(f"sys/bus/mdev/devices/{UUID}/remove", "1")
    define(host, {"mdev_type/create": OTHER})
    (result,) = restore(host.root())
    assert result.outcome == "failed"
    assert "'mdev_type/create'" in result.problems[0]
    assert host.devices() == {}


# Problems that only appear once a device exists


@pytest.fixture
def device(simulated):
    host = simulated("t4")
    parent = host.facts("parents")["parents"][0]
    host.create(parent["name"], parent["types"][0]["id"], UUID)
    host.path = host.kernel.mdev.devices[UUID].path
    host.known = f"sys/class/mdev_bus/{host.kernel.mdev.devices[UUID].parent.name}/{UUID}"
    return host


def test_attribute_is_written(device):
    attributes.write(device.root(), device.known, "nvidia/vgpu_params", "x=1")
    assert device.root().read(f"{device.path}/nvidia/vgpu_params") == "x=1"


@pytest.mark.parametrize("name", ["group/create", "group", "nvidia/link"])
def test_links_are_not_followed(device, name):
    link = f"{device.path}/nvidia/link" if name == "nvidia/link" else f"{device.path}/group"
    device.kernel.tree.link(link, device.kernel.mdev.devices[UUID].parent.path)
    with pytest.raises(HostError, match="is a link out of the device, and not an attribute"):
        attributes.write(device.root(), device.path, name, "1")


def test_devices_below_a_device_are_no_groups(device):
    device.kernel.tree.attributes(f"{device.path}/child", dict.fromkeys(["uevent", "sample"], constant(1)))
    with pytest.raises(HostError, match="is another device, and not a group of attributes"):
        attributes.write(device.root(), device.path, "child/sample", "1")


@pytest.mark.parametrize(
    ("name", "errno"), [("nvidia", "EISDIR"), ("nvidia/vm_name", "EACCES"), ("nvidia/none", "ENOENT"), ("x", "ENOENT")]
)
def test_what_cannot_be_written_is_told(device, name, errno):
    with pytest.raises(HostError) as failed:
        attributes.write(device.root(), device.known, name, "1")
    assert failed.value.errno == errno


@pytest.mark.parametrize(
    ("type_id", "framework", "names", "reason"),
    [
        ("nvidia-223", "mdev", ["nvidia/vgpu_params", "nvidia/placement_id"], None),
        ("nvidia-223", "mdev", ["assign_adapter"], "a device of type nvidia-223 only has nvidia/vgpu_params"),
        ("1149", "vendor_vfio", ["nvidia/vgpu_params"], None),
        ("1149", "vendor_vfio", ["a", "a"], "attribute a cannot be set, because a vendor-specific vGPU only has"),
        ("vfio_ap-passthrough", "mdev", ["assign_adapter", "assign_domain"], None),
        ("vfio_ccw-io", "mdev", ["assign_adapter"], "has no attributes. Remove the attribute"),
        ("mtty-1", "mdev", ["x"], "has no attributes"),
        ("mtty-1", "mdev", ["\x1b[2J"], r"attribute '\x1b[2J' cannot be set"),
        ("unheard-of", "mdev", ["x"], None),
        ("mtty-1", "mdev", [], None),
    ],
)
def test_what_a_driver_lets_be_set(type_id, framework, names, reason):
    found = registry.why_not_settable(framework, type_id, [(name, "1") for name in names])
    assert (found is None) == (reason is None)
    assert reason is None or reason in found


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        ("frame_rate_limiter=0", True),
        ("frame_rate_limiter=0,disable_vnc=1", True),
        ("disable_vnc", False),
        ("a=1, b=2", False),
        ("a=1,", False),
        ("A=1", False),
        ("a=" + "1" * 1021, True),
        ("a=" + "1" * 1022, False),
        (5, False),
    ],
)
def test_parameters_of_a_vgpu(value, is_right):
    if is_right:
        assert attributes.check({attributes.VGPU_PARAMS: value}) == (attributes.VGPU_PARAMS, value)
    else:
        with pytest.raises(ValueError, match="must be name=value, or several with commas, up to 1023 characters"):
            attributes.check({attributes.VGPU_PARAMS: value})
