# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the rules for network interfaces on netdevsim, the kernel's simulated switch with ports and representors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.sriov import REPRESENTOR
from ansible_collections.vfio.devices.tests.lab import Machine, running_machine
from ansible_collections.vfio.devices.tests.simhost import SimHost
from ansible_collections.vfio.devices.tests.unit.simhost.conftest import SWITCHDEV

from .test_facts import ENGINE, READ

# The switch has two ports and two VFs. One port and an interface of an igb are below a bond with a VLAN and a route.
CREATE = """
set -e
modprobe netdevsim && echo '7 2' >/sys/bus/netdevsim/new_device
echo 2 >/sys/bus/netdevsim/devices/netdevsim7/sriov_numvfs
devlink dev eswitch set netdevsim/netdevsim7 mode switchdev
udevadm settle
ip link add bond7 type bond mode active-backup
for name in eni7np1 enp65s0; do ip link set $name down; ip link set $name master bond7; done
ip link set bond7 up
ip link add link bond7 name bond7.5 type vlan id 5
ip link set bond7.5 up
ip route add 198.51.100.0/24 dev bond7.5
"""
DELETE = """
ip link delete bond7.5; ip link delete bond7
echo 7 >/sys/bus/netdevsim/del_device && rmmod netdevsim bonding
"""
USES = f"""
import json, os
from {ENGINE}._guards import network
from {ENGINE}._host.root import HostRoot
from ansible_collections.vfio.devices.tests.lab import runs
host = HostRoot()
folder = "/sys/bus/netdevsim/devices/netdevsim7/net"
ports = {{name: [open(f"{{folder}}/{{name}}/phys_" + key).read() for key in ("port_name", "switch_id")]
    for name in os.listdir(folder)}}
try:
    runs.sriov_pf_mode({{"pf": "0000:41:00.0", "mode": "vf", "num_vfs": "2"}})
    refusal = ""
except runs.Failed as problem:
    refusal = str(problem)
print(json.dumps([ports, network.in_use(host, []), refusal]))
"""


@pytest.fixture(scope="module")
def seen() -> Iterator[list[Any]]:
    """Return the facts before, the facts with the switch, its ports, the uses of interfaces and a refusal."""
    machine: Machine = running_machine()
    machine.install()

    def run(program: str) -> Any:
        return json.loads(machine.ssh("cd /run && python3 -", data=program).stdout)

    before = run(READ)
    try:
        machine.ssh(CREATE)
        yield [before, run(READ), *run(USES)]
    finally:
        machine.ssh(DELETE, check=False)


def test_only_representors_have_their_name(seen: list[Any]) -> None:
    names = {name: bool(REPRESENTOR.match(port.strip())) for name, (port, _switch) in seen[2].items()}
    assert names == {"eni7np1": False, "eni7np2": False, "eni7npf0vf0": True, "eni7npf0vf1": True}


def test_ports_and_representors_have_one_switch(seen: list[Any]) -> None:
    assert len({switch for _port, switch in seen[2].values()}) == 1


def test_simulated_representors_have_the_same_names(seen: list[Any]) -> None:
    simulated = SimHost({"functions": [SWITCHDEV]}).accessor()
    simulated.write(f"sys/bus/pci/devices/{SWITCHDEV['address']}/sriov_numvfs", b"2")
    names = {simulated.read(f"sys/class/net/ens1_{index}/phys_port_name") for index in (0, 1)}
    assert names == {seen[2][f"eni7npf0vf{index}"][0].encode() for index in (0, 1)}


def test_the_switch_is_no_card(seen: list[Any]) -> None:
    before, during = seen[:2]
    for part in ("parents", "devices"):
        assert before[part] == during[part]
    addresses = [[card["address"] for card in facts["physical_functions"]] for facts in (before, during)]
    assert addresses[0] == addresses[1]


def test_a_route_above_a_bond_protects_the_card_below(seen: list[Any]) -> None:
    uses = seen[3]
    assert uses["bond7.5"] == ["carries the route to 198.51.100.0/24"]
    for name in ("enp65s0", "eni7np1"):
        assert any("bond7" in sentence for sentence in uses[name]), uses
    assert not {"eni7np2", "eni7npf0vf0", "eni7npf0vf1"} & set(uses)
    assert "it has the host's interface enp65s0, which is a port of the bond bond7" in seen[4]
    assert "carries the route to 198.51.100.0/24" in seen[4]
