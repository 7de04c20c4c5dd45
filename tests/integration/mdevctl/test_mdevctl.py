# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the real mdevctl and our modules on the same host: each must understand the files of the other."""

from __future__ import annotations

import pytest

FIRST = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
SECOND = "c2177883-f1bb-47f0-914d-32a22e3a8804"
MATRIX = {"parent": "matrix", "type": ["vfio_ap-passthrough"]}
# A key occurs more than once, and the order matters: a domain needs its adapters.
ATTRIBUTES = [{"assign_adapter": "6"}, {"assign_adapter": "5"}, {"assign_domain": "4"}]

# Where devices are created before the comparison.
SOME_DEVICES = {
    "t4": ("0000:3b:00.0", "nvidia-223"),
    "a40": ("0000:41:00.4", "nvidia-556"),
    "gvt": ("0000:00:02.0", "i915-GVTg_V5_4"),
    "mbochs": ("mbochs", "mbochs-small"),
    "mdpy": ("mdpy", "mdpy-hd"),
    "mtty": ("mtty", "mtty-2"),
    "s390": ("0.0.0313", "vfio_ccw-io"),
}


def types_of(facts):
    """Convert facts to the format of ``mdevctl types --dumpjson``."""
    return {
        parent["name"]: {offered["id"]: type_of(offered) for offered in parent["types"]} for parent in facts["parents"]
    }


def type_of(offered):
    """Omit missing fields; mdevctl joins the lines of a description."""
    fields = {
        field: offered[field] for field in ("available_instances", "device_api", "name") if offered[field] is not None
    }
    if offered["description"]:
        fields["description"] = offered["description"].replace("\n", ", ")
    return fields


def devices_of(facts, *states):
    """Convert facts to the format of ``mdevctl list --dumpjson``."""
    devices = {}
    for device in facts["devices"]:
        if device["state"] in states:
            devices.setdefault(device["parent"], {})[device["uuid"]] = {
                "mdev_type": device["type"],
                "start": "auto" if device["autostart"] else "manual",
                "attrs": device["attributes"],
            }
    return devices


def merged(parents):
    """Merge the one-key objects that mdevctl prints for each parent."""
    return {
        parent: {key: value for one in entries for key, value in one.items()} for parent, entries in parents.items()
    }


def define(host, parent, type_id, uuid, attributes=(), auto=False):
    host.mdevctl("define", "--uuid", uuid, "--parent", parent, "--type", type_id, *["--auto"] * auto)
    for attribute in attributes:
        for name, value in attribute.items():
            host.mdevctl("modify", "--uuid", uuid, "--addattr", name, "--value", value)


@pytest.mark.parametrize("profile", SOME_DEVICES)
def test_facts_agree_with_mdevctl(mounted, profile):
    (host,) = mounted(profile)
    parent, type_id = SOME_DEVICES[profile]
    before = host.facts()
    host.create(parent, type_id, FIRST)
    facts = host.facts()
    assert types_of(facts) != types_of(before)
    assert types_of(facts) == merged(host.mdevctl_json("types"))
    assert devices_of(facts, "active") == merged(host.mdevctl_json("list"))
    assert list(devices_of(facts, "active")) == [parent]


@pytest.mark.parametrize("auto", [True, False])
def test_facts_understand_what_mdevctl_defined_and_started(mounted, auto):
    (host,) = mounted("s390")
    define(host, "matrix", "vfio_ap-passthrough", FIRST, ATTRIBUTES, auto)
    for state in ("defined", "active"):
        (device,) = host.facts()["devices"]
        assert device["state"] == state
        assert (device["parent"], device["type"], device["uuid"]) == ("matrix", "vfio_ap-passthrough", FIRST)
        assert device["autostart"] is auto
        assert device["attributes"] == ATTRIBUTES
        if state == "defined":
            host.mdevctl("start", "--uuid", FIRST)


@pytest.mark.parametrize("auto", [True, False])
def test_what_mdevctl_made_is_kept(mounted, auto):
    (host,) = mounted("s390")
    define(host, "matrix", "vfio_ap-passthrough", FIRST, ATTRIBUTES, auto)
    host.mdevctl("start", "--uuid", FIRST)
    before = host.definition("matrix", FIRST)
    wanted = [{**MATRIX, "uuid": FIRST, "attributes": ATTRIBUTES}]
    assert host.converge(instances=wanted)["kept"] == [FIRST]
    assert host.definition("matrix", FIRST) == before
    again = host.converge(instances=wanted)
    assert (again["changed"], again["kept"]) == (False, [FIRST])


def test_what_mdevctl_started_without_a_definition_is_kept(mounted):
    (host,) = mounted("mtty")
    host.mdevctl("start", "--uuid", FIRST, "--parent", "mtty", "--type", "mtty-1")
    result = host.converge(instances=[{"parent": "mtty", "type": ["mtty-1"]}], persist=False)
    assert (result["changed"], result["kept"]) == (False, [FIRST])


def test_a_definition_of_mdevctl_is_started(mounted):
    (host,) = mounted("mtty")
    define(host, "mtty", "mtty-2", FIRST, auto=True)
    before = host.definition("mtty", FIRST)
    result = host.converge(instances=[{"parent": "mtty", "type": ["mtty-2"]}])
    assert result["created"] == [FIRST]
    assert host.definition("mtty", FIRST) == before
    assert list(merged(host.mdevctl_json("list"))["mtty"]) == [FIRST]


def test_mdevctl_reads_and_starts_what_we_persisted(mounted):
    (host,) = mounted("s390")
    wanted = [
        {**MATRIX, "uuid": FIRST, "attributes": ATTRIBUTES},
        {"type": ["vfio_ccw-io"], "uuid": SECOND, "autostart": False},
    ]
    assert sorted(host.converge(instances=wanted)["created"]) == [FIRST, SECOND]
    expected = {
        "0.0.0313": [{SECOND: {"mdev_type": "vfio_ccw-io", "start": "manual", "attrs": []}}],
        "matrix": [{FIRST: {"mdev_type": "vfio_ap-passthrough", "start": "auto", "attrs": ATTRIBUTES}}],
    }
    assert host.mdevctl_json("list", "--defined") == expected
    host.reboot()
    assert host.mdevctl_json("list") == {}
    host.mdevctl("start-parent-mdevs", "matrix")
    assert host.mdevctl_json("list") == {"matrix": expected["matrix"]}
    host.mdevctl("start", "--uuid", SECOND)
    assert host.mdevctl_json("list") == expected
    matrix = host.root / "sys/bus/mdev/devices" / FIRST / "matrix"
    assert matrix.read_text() == "05.0004\n06.0004\n"
    assert host.converge(instances=wanted)["changed"] is False


def test_what_we_removed_is_gone_for_mdevctl(mounted):
    (host,) = mounted("mtty")
    wanted = [{"parent": "mtty", "type": ["mtty-1"], "count": 2}]
    host.converge(instances=wanted)
    host.converge(instances=[{"parent": "mtty"}], state="absent")
    assert host.mdevctl_json("list") == {}
    assert host.mdevctl_json("list", "--defined") == {}


@pytest.mark.parametrize("attributes", [ATTRIBUTES, []])
@pytest.mark.parametrize("auto", [True, False])
def test_our_files_are_those_of_mdevctl(mounted, attributes, auto):
    ours, theirs = mounted("s390=2")
    ours.converge(instances=[{**MATRIX, "uuid": FIRST, "attributes": attributes, "autostart": auto}])
    define(theirs, "matrix", "vfio_ap-passthrough", FIRST, attributes, auto)
    assert ours.definition("matrix", FIRST) == theirs.definition("matrix", FIRST)
