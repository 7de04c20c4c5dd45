# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

CARD, INTERFACE = "0000:81:00.0", "ens5f0"
HOST = {
    "functions": [
        {
            "address": CARD,
            "vendor": "8086",
            "device": "1592",
            "class_code": "020000",
            "driver": "ice",
            "netdev": {"name": INTERFACE},
            "sriov": {"total": 8, "offset": 8, "device": "1889"},
        }
    ]
}


@pytest.mark.parametrize(
    ("path", "text", "warned"),
    [
        ("etc/netplan/50-cloud-init.yaml", "network:\n  ethernets:\n    ens5f0:\n      dhcp4: true\n", True),
        ("etc/network/interfaces", "iface ens5f0 inet manual\n", True),
        ("etc/network/interfaces.d/bond", "  bond-slaves ens4f0 ens5f0\n", True),
        ("etc/NetworkManager/system-connections/a.nmconnection", "interface-name=ens5f0\n", True),
        ("etc/systemd/network/10-bond.network", "[Match]\nName=ens5f0\n", True),
        ("etc/sysconfig/network-scripts/ifcfg-ens5f0", "BOOTPROTO=dhcp\n", True),
        ("etc/containers/networks/lan.json", '{"driver": "macvlan", "network_interface": "ens5f0"}', True),
        ("etc/cni/net.d/10-lan.conflist", '{"plugins": [{"type": "macvlan", "master": "ens5f0"}]}', True),
        ("etc/cni/net.d/10-lan.json", '{"type": "macvlan", "master": "ens5f0"}', True),
        ("etc/libvirt/qemu/networks/sriov.xml", "<forward mode='hostdev'><pf dev='ens5f0'/></forward>\n", True),
        ("etc/neutron/plugins/ml2/sriov_agent.ini", "physical_device_mappings = physnet2:ens5f0\n", True),
        ("etc/kolla/neutron-sriov-agent/sriov_agent.ini", "physical_device_mappings = physnet2:ens5f0\n", True),
        ("etc/network/interfaces", "#iface ens5f0 inet manual\n", False),
        ("etc/network/interfaces", "iface ens5f0v1 inet manual\niface ens5f0.7 inet manual\n", False),
        ("etc/netplan/50-cloud-init.yaml.bak", "ens5f0:\n", False),
    ],
)
def test_interface_that_a_file_configures(switch, path, text, warned):
    run = switch({**HOST, "files": {path: text}})
    card = {"pf": CARD, "mode": "pf"}
    found = [one for one in run(card, check=True)["warnings"] if "lose its interface" in one]
    assert [
        one.startswith(f"{CARD} will lose its interface {INTERFACE}, which /{path} configures") for one in found
    ] == [True] * warned
    assert run({"pf": CARD, "mode": "vf", "num_vfs": "2"}, check=True)["warnings"] == []
    run(card)
    # The card has been passed through.
    assert run(card)["warnings"] == []
