# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Native
from ansible_collections.vfio.devices.plugins.module_utils._modes import records
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

ICE = "0000:31:00.0"


def test_rule_matches_the_native_driver_coming_back():
    comment, rule = records.rule(ICE, 4).splitlines()
    assert comment.startswith("#")
    assert rule == (
        'ACTION=="bind", SUBSYSTEM=="pci", KERNEL=="0000:31:00.0", ENV{DRIVER}=="?*", ENV{DRIVER}!="*vfio*", '
        'ENV{DRIVER}!="pci-pf-stub", TEST!="/etc/systemd/system/vfio-devices-restore.service", '
        'TEST!="/run/vfio-devices/changing/0000:31:00.0.json", ATTR{sriov_numvfs}="4"'
    )


def test_rule_is_saved_and_removed(simulated):
    host = simulated("nics").root()
    records.save_rule(host, ICE, "a rule")
    assert records.observe_rule(host, ICE) == "a rule"
    records.save_rule(host, ICE, None)
    records.save_rule(host, ICE, None)
    assert records.observe_rule(host, ICE) is None


def test_unfinished_files_of_a_killed_run_go(switch):
    run = switch("nics")
    left = [
        "etc/udev/rules.d/.x.rules.vfio-devices-new",
        f"etc/vfio-devices/sriov_pf_mode/.{ICE}.json.vfio-devices-new",
        "run/vfio-devices/sriov_pf_mode/.x.vfio-devices-new",
    ]
    for path in left:
        run.host.files.replace(path, b"")
    run({"pf": ICE, "mode": "vf", "num_vfs": "1"})
    assert not [path for path in left if run.host.files.exists(path)]


@pytest.mark.parametrize("profile, pf", [("nics", ICE), ("a40", "0000:41:00.0")])
def test_record_is_enough_to_do_the_same_again(switch, profile, pf):
    run = switch(profile)
    run({"pf": pf, "mode": "pf"})
    record = run.card(pf)["record"]
    assert record["native"]["driver"] in ("ice", "nvidia")
    run.host.kernel.reboot()
    assert run.card(pf)["driver"] == record["native"]["driver"]
    run(record["function"])
    assert run.card(pf)["driver"] == "vfio-pci"
    assert not run(record["function"])["changed"]


def test_gpus_have_no_rule(switch):
    """Their program cannot run inside udev, because it causes the events that start it."""
    run = switch("a40")
    run({"pf": "0000:41:00.0", "mode": "vf", "num_vfs": "max"})
    assert run.card("0000:41:00.0")["record"]
    assert run.card("0000:41:00.0")["rule"] is None


GARBAGE = ["[]", "{", '{"native": 5}', '{"native": {"driver": "../x", "netdevs": 5, "total_vfs": "7"}}', "\x00"]


@pytest.mark.parametrize("text", GARBAGE)
@pytest.mark.parametrize("directory", ["etc", "run"])
def test_garbage_in_a_record_is_worth_nothing(switch, text, directory):
    run = switch("nics")
    run({"pf": ICE, "mode": "pf"})
    for root in ("etc", "run"):
        run.host.files.unlink(f"{root}/vfio-devices/sriov_pf_mode/{ICE}.json")
    run.host.files.replace(f"{directory}/vfio-devices/sriov_pf_mode/{ICE}.json", text.encode())
    run.host.files.replace(f"{directory}/vfio-devices/sriov_pf_mode/somebody.json", text.encode())
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    assert run.card(ICE)["driver"] == "ice"
    assert not run({"pf": ICE, "mode": "vf", "num_vfs": "2"})["changed"]


def test_what_is_remembered_is_trusted_as_far_as_it_has_its_form():
    remembered = {"driver": "ice", "netdevs": ["eth0"], "total_vfs": 8}
    native = records.trusted(remembered)
    assert native == Native("ice", ("eth0",), 8)
    assert records.as_json(native) == remembered
    wrong = records.trusted({**remembered, "driver": 5, "netdevs": [5], "total_vfs": -1})
    assert wrong == Native(netdevs=())
    assert records.as_json(wrong) == {"netdevs": []}


def attributes(rule):
    """Return the attributes of the function that a rule compares."""
    return dict(re.findall(r'ATTR\{(\w+)\}=="([^"]*)"', rule))


def test_rule_knows_the_card(switch):
    run = switch("nics")
    tree = run.host.kernel.tree
    serial = "50-7c-6f-ff-ff-12-34-56"
    tree.add(f"{tree.resolve('sys/bus/pci/devices/0000:31:00.0')[0]}/serial_number", Attribute(f"{serial}\n".encode()))
    run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2"})
    wanted = attributes(run.card("0000:31:00.0")["rule"])
    path = "sys/bus/pci/devices/0000:31:00.0"
    found = {name: run.host.root().read(f"{path}/{name}") for name in ("vendor", "device", "serial_number")}
    ids = {"subsystem_vendor": "0x8086", "subsystem_device": "0x0002"}
    assert wanted == {**found, **ids}
    # A second run recognizes the card by its serial number.
    assert not run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2"})["changed"]


def test_header_of_an_earlier_version_is_replaced_while_a_guest_has_a_vf(switch):
    run = switch("nics")
    entry = {"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}
    run(entry)
    text = run.card(entry["pf"])["rule"]
    former = "# Written by the Ansible module vfio.devices.sriov_pf_mode, and removed by it.\n"
    run.host.files.replace(records.rule_path(entry["pf"]), (former + text.partition("\n")[2] + "\n").encode())
    run.host.kernel.hold(run.card(entry["pf"])["virtual"][0][0])
    (function,) = run(entry)["functions"]
    assert (function["action"], function["busy"]) == ("changed", [])
    assert run.card(entry["pf"])["rule"] == text
    assert not run(entry)["changed"]


@pytest.mark.parametrize("serial", ['1", RUN+="/bin/sh', "1\n", "", "no number"])
def test_only_a_serial_number_gets_into_a_rule(serial):
    matches = records.card_matches("8086", "159b", {"serial_number": serial})
    assert matches == ['ATTR{vendor}=="0x8086"', 'ATTR{device}=="0x159b"']
