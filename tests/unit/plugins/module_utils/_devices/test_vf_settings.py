# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import vf_settings
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.host import VfSettings

NEW = {
    "vf": 3,
    "address": "52:54:00:00:00:01",
    "vlan_list": [{"vlan": 100, "qos": 3}],
    "rate": {"max_tx": 1000, "min_tx": 10},
    "spoofchk": True,
    "link_state": "auto",
    "trust": False,
}
OLD = {"vf": 0, "mac": "52:54:00:00:00:02", "vlan": 5, "spoofchk": False}


def test_parse_new_and_old():
    assert vf_settings.parse([{"vfinfo_list": [NEW, OLD]}]) == {
        3: VfSettings("52:54:00:00:00:01", 100, 3, True, False, "auto", 10, 1000),
        0: VfSettings("52:54:00:00:00:02", 5, 0, False, None, None, 0, 0),
    }
    assert vf_settings.parse([{"ifname": "eth0"}]) == {}


@pytest.mark.parametrize(
    ("before", "changes", "arguments"),
    [
        ({}, {"mac": "52:54:00:00:00:01"}, "mac 52:54:00:00:00:01"),
        ({"vlan": 5, "qos": 2}, {"vlan": 6}, "vlan 6 qos 2"),
        ({"vlan": 5, "qos": 2}, {"qos": 4}, "vlan 5 qos 4"),
        ({"vlan": 5, "qos": 2}, {"vlan": 0}, "vlan 0 qos 0"),
        ({"min_tx_rate": 5, "max_tx_rate": 9}, {"max_tx_rate": 7}, "max_tx_rate 7 min_tx_rate 5"),
        ({}, {"spoofchk": False, "trust": True}, "spoofchk off trust on"),
        ({}, {"link_state": "enable"}, "state enable"),
    ],
)
def test_arguments(before, changes, arguments):
    assert " ".join(vf_settings._arguments(VfSettings(**changes), VfSettings(**before))) == arguments


@pytest.mark.parametrize("text", ["", "[]", "[1]", "{}", '[{"vfinfo_list": [{}]}]'])
def test_answer_that_cannot_be_understood(simulated, text):
    host = simulated("nics")
    host.tools._ip = lambda arguments: text
    with pytest.raises(HostError, match="printed unknown output for"):
        vf_settings.observe(host.root(), "eth0")


def test_refusal_of_the_driver_is_told(simulated):
    host = simulated("nics")
    host.write("sys/bus/pci/devices/0000:31:00.0/sriov_numvfs", "2")
    host.tools.failures["ip link set"] = "RTNETLINK answers: Operation not supported"
    with pytest.raises(HostError, match="vf 1 trust on failed with status 1: RTNETLINK answers: Operation not supp"):
        vf_settings.apply(host.root(), "ens49f0np0", {0: VfSettings(trust=False), 1: VfSettings(trust=True)})
