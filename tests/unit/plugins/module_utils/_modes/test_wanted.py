# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._model.host import VfSettings
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import VfWanted

ICE = {"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "8"}


def problems(entries, *functions):
    return [problem for entry in entries(*functions) for problem in entry.problems]


def with_vf(**settings):
    return {**ICE, "vfs": [{"index": "0", **settings}]}


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ({**ICE, "pf": "../etc"}, "is neither a PCI address"),
        ({**ICE, "pf": "a" * 16}, "is neither a PCI address"),
        ({**ICE, "num_vfs": "many"}, "num_vfs must be a whole number from 0 to 65535, or max"),
        (
            {"pf": "eth0", "mode": "pf", "driver": ""},
            "driver must be the name of a driver such as vfio-pci, or native, and not ''",
        ),
        ({**ICE, "vf_driver": "vfio_pci"}, "vf_driver vfio_pci is not the name of a driver. Write vfio-pci"),
        (with_vf(driver="VFIO-PCI"), "vfs[0]: driver VFIO-PCI is not the name of a driver. Write vfio-pci"),
        (
            {"pf": "eth0", "mode": "pf", "driver": "pci_stub"},
            "driver pci_stub is not the name of a driver. Write pci-stub",
        ),
        ({**ICE, "vf_driver": ""}, "vf_driver must be the name of a driver"),
        (with_vf(driver=""), "vfs[0]: driver must be the name of a driver"),
        ({**ICE, "vf_driver": "vfio-pci\n"}, "vf_driver must be the name of a driver"),
        ({**ICE, "vf_driver": "../vfio-pci"}, "vf_driver must be the name of a driver"),
        ({**ICE, "num_vfs": "-1"}, "num_vfs must be a whole number"),
        ({**ICE, "num_vfs": "65536"}, "num_vfs must be a whole number"),
        ({**ICE, "mode": "pf"}, "num_vfs is not valid with mode pf"),
        ({"pf": "eth0", "mode": "pf", "eswitch": "legacy"}, "eswitch is not valid with mode pf"),
        ({"pf": "eth0", "mode": "pf", "drivers_autoprobe": False}, "drivers_autoprobe is not valid with mode pf"),
        (
            {**ICE, "driver": "vfio-pci"},
            "driver is only valid in mode pf. In mode vf the card keeps its native driver. Use vf_driver for the "
            "driver",
        ),
        ({**ICE, "vf_driver": "native"}, "vf_driver must be the name of a driver"),
        ({**ICE, "vf_driver": "../vfio"}, "vf_driver must be the name of a driver"),
        ({"pf": "eth0", "mode": "pf", "driver": "none"}, "driver must be the name of a driver"),
        (with_vf(mac="01:00:5e:00:00:01"), "is not a unicast address such as"),
        (with_vf(mac="00:00:00:00:00:00"), "is not a unicast address such as"),
        (with_vf(mac="52:54:00:12:34"), "is not a unicast address such as"),
        (with_vf(vlan=4095), "vlan must be a whole number from 0 to 4094"),
        (with_vf(vlan=-1), "vlan must be a whole number from 0 to 4094"),
        (with_vf(vlan=1, qos=8), "qos must be a whole number from 0 to 7"),
        (with_vf(qos=3), "qos requires vlan, because it is a part of the VLAN tag"),
        (with_vf(min_tx_rate=9, max_tx_rate=5), "min_tx_rate 9 is more than max_tx_rate 5"),
        (with_vf(max_tx_rate=-5), "max_tx_rate must be a whole number"),
        ({**ICE, "vfs": [{"index": "8"}]}, "there is no VF 8, because num_vfs 8 creates the functions 0 to 7"),
        ({**ICE, "vfs": [{"index": "5-3"}]}, "index must be a number such as 3, or a range"),
        ({**ICE, "vfs": [{"index": "1,2"}]}, "index must be a number such as 3, or a range"),
        ({**ICE, "vfs": [{"index": "0-99999"}]}, "index must be a number such as 3, or a range"),
        ({**ICE, "vfs": [{"index": "0-3"}, {"index": "3"}]}, "vfs[1]: VF 3 is in two entries"),
        (
            {**ICE, "vfs": [{"index": "0-1", "mac": "52:54:00:00:00:01"}]},
            "one mac is not possible for 2 VFs. Write one entry for each VF",
        ),
    ],
)
def test_what_is_wrong(entries, function, sentence):
    (found,) = problems(entries, function)
    assert sentence in found


def test_numbers_may_be_texts_and_are_kept_as_numbers(entries):
    (entry,) = entries({**ICE, "num_vfs": "4", "vfs": [{"index": "0", "vlan": "5", "qos": 1}]})
    assert entry.vfs[0].settings == VfSettings(vlan=5, qos=1)
    assert [entry.requested["vfs"][0][name] for name in ("vlan", "qos")] == [5, 1]


def test_all_is_told_at_once(entries):
    function = {**ICE, "num_vfs": "x", "vf_driver": "/", "vfs": [{"index": "y", "vlan": 5000, "mac": "z"}]}
    assert len(problems(entries, function)) == 5


def test_one_mac_for_two(entries):
    mac = {"index": "0", "mac": "52:54:00:00:00:01"}
    other = {"index": "1", "mac": "52:54:00:00:00:01"}
    (found,) = problems(entries, {**ICE, "vfs": [mac]}, {**ICE, "pf": "eth1", "vfs": [other]})
    assert found == "VF 1 has the same mac 52:54:00:00:00:01 as functions[0] (0000:31:00.0) VF 0. Write another mac"
    (found,) = problems(entries, {**ICE, "vfs": [mac, other]})
    assert found == "VF 1 has the same mac 52:54:00:00:00:01 as VF 0. Write another mac"


def test_what_is_right(entries):
    function = {
        **ICE,
        "pf": "0000:3B:00.0",
        "num_vfs": "max",
        "vfs": [{"index": "2-3", "driver": "none"}, {"index": "0", "mac": "52:54:00:AA:00:01", "vlan": 0}],
    }
    (entry,) = entries(function)
    assert entry.problems == ()
    assert (entry.pf, entry.num_vfs, entry.driver) == ("0000:3b:00.0", "max", "vfio-pci")
    assert entry.vfs == {
        0: VfWanted(None, VfSettings(mac="52:54:00:aa:00:01", vlan=0)),
        2: VfWanted("none"),
        3: VfWanted("none"),
    }
    assert "vf_driver" not in entry.requested


def test_what_is_recorded_can_be_parsed_again(entries):
    (entry,) = entries({**ICE, "vfs": [{"index": "0", "trust": False}], "drivers_autoprobe": False})
    (again,) = entries(entry.requested)
    assert again == entry
