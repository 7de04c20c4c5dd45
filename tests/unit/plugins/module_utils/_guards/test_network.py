# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._devices import routes as devices_routes
from ansible_collections.vfio.devices.plugins.module_utils._guards import network as guards_network
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import Unseen
from ansible_collections.vfio.devices.tests.simhost import profile
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_processes import add_process

BOND = {"name": "bond0", "kind": "bond", "ports": ["ens49f0np0"]}


@pytest.fixture
def network(simulated):
    def make(*routes, netdevs=(), connection=()):
        nics = profile.load("nics")
        nics.routes = [profile.typed(profile.RouteSpec, route, "route") for route in routes]
        nics.netdevs = [profile.typed(profile.VirtualNetdevSpec, netdev, "netdev") for netdev in netdevs]
        host = simulated("nics", routes=nics.routes, netdevs=nics.netdevs)
        return host, lambda: guards_network.in_use(host.root(), list(connection))

    return make


def test_default_route(network):
    dummy, observe = network({"interface": "enp1s0f0", "gateway": "192.0.2.1"})
    assert observe() == {"enp1s0f0": ["carries the default route"]}


def test_both_ends_of_the_connection(network):
    dummy, observe = network(
        {"interface": "enp1s0f0", "gateway": "192.0.2.1"},
        {"interface": "ens49f0np0", "destination": "198.51.100.0", "mask": "255.255.255.0"},
        connection=["203.0.113.9", "198.51.100.7"],
    )
    assert observe() == {
        "enp1s0f0": ["carries the default route", "carries the connection of this run (203.0.113.9)"],
        "ens49f0np0": ["carries the connection of this run (198.51.100.7)"],
    }


def test_port_of_a_bond_has_the_uses_of_the_bond(network):
    dummy, observe = network({"interface": "bond0"}, netdevs=[BOND])
    assert observe()["ens49f0np0"] == [
        "is a port of the bond bond0, which carries the default route",
    ]
    dummy, observe = network(netdevs=[{**BOND, "name": "br0", "kind": "bridge"}])
    assert observe() == {"ens49f0np0": ["is a port of the bridge br0"]}


def test_vlan_on_top(network):
    host, observe = network()
    tree = host.kernel.tree
    tree.directory("sys/devices/virtual/net/ens49f0np0.7")
    tree.link("sys/class/net/ens49f0np0.7", "sys/devices/virtual/net/ens49f0np0.7")
    card, dummy = tree.resolve("sys/class/net/ens49f0np0")
    tree.link(f"{card}/upper_ens49f0np0.7", "sys/devices/virtual/net/ens49f0np0.7")
    assert observe() == {"ens49f0np0": ["is below ens49f0np0.7"]}


def test_default_route_of_ipv6(network):
    host, observe = network()
    line = f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00000003 ens49f0np0\n"
    unreachable = line.replace("00000003 ens49f0np0", "00200200       lo")
    host.kernel.tree.add("proc/net/ipv6_route", Attribute((line + unreachable).encode()))
    assert observe() == {"ens49f0np0": ["carries the default route"]}


def process(host, number, parent, environment):
    files = {
        "status": Attribute(f"Name:\tx\nPPid:\t{parent}\n".encode()),
        "environ": Attribute(environment.encode()),
    }
    host.kernel.tree.attributes(f"proc/{number}", files)


def test_connection_of_the_environment_or_of_an_ancestor(simulated):
    host = simulated("nics")
    connection = "192.0.2.9 50000 192.0.2.1 22"
    assert guards_network.connection_of(host.root(), {"SSH_CONNECTION": connection}, 9) == ["192.0.2.9", "192.0.2.1"]
    process(host, 30, 20, "PATH=/bin\0SUDO_USER=joe\0")
    process(host, 20, 10, f"HOME=/\0SSH_CONNECTION={connection}\0")
    assert guards_network.connection_of(host.root(), {}, 30) == ["192.0.2.9", "192.0.2.1"]
    process(host, 20, 30, "HOME=/\0")
    assert guards_network.connection_of(host.root(), {}, 30) == []
    assert guards_network.connection_of(host.root(), {"SSH_CONNECTION": "nonsense"}, 30) == []


def test_addresses_in_all_spellings():
    assert str(guards_network._address("fe80::1%eth0")) == "fe80::1"
    assert str(guards_network._address("::ffff:192.0.2.1")) == "192.0.2.1"
    assert guards_network._address("UNKNOWN") is None


ICE = "ens49f0np0"
ON_ICE = {"interface": ICE, "destination": "198.51.100.0", "mask": "255.255.255.0"}


def test_connected_route(network):
    dummy, observe = network(ON_ICE)
    assert observe() == {ICE: ["carries the route to 198.51.100.0/24"]}


@pytest.mark.parametrize("network6", ["fe80::/64", "ff00::/8"])
def test_routes_that_each_interface_has_are_no_use(network, network6):
    host, observe = network()
    address, length = network6.split("/")
    line = f"{ipaddress.ip_address(address).packed.hex()} {int(length):02x} {'0' * 32} 00 {'0' * 32} 100 1 0 1 {ICE}\n"
    host.kernel.tree.add("proc/net/ipv6_route", Attribute(line.encode()))
    assert observe() == {}


def test_link_local_connection_names_its_interface(network):
    lines = [f"fe80{'0' * 28} 40 {'0' * 32} 00 {'0' * 32} 100 1 0 1 {name}\n" for name in (ICE, "enp1s0f0")]
    host, observe = network(connection=["fe80::9%enp1s0f0", "fe80::1%enp1s0f0"])
    host.kernel.tree.add("proc/net/ipv6_route", Attribute("".join(lines).encode()))
    assert list(observe()) == ["enp1s0f0"]


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("proc/net/if_inet6", "20010db8000000000000000000000005 03 40 00 80 {}\n", "has the address 2001:db8::5/64"),
        ("proc/net/if_inet6", "fe800000000000000000000000000005 03 40 20 80 {}\n", None),
        (
            "proc/1/mounts",
            "198.51.100.20:/nova /var/lib/nova nfs4 rw,addr=198.51.100.20,clientaddr=198.51.100.5 0 0\n",
            "carries the mount /var/lib/nova (198.51.100.20)",
        ),
        (
            "proc/1/mounts",
            "198.51.100.21:6789,203.0.113.1:6789:/ /mnt ceph rw,name=a 0 0\n",
            "carries the mount /mnt (198.51.100.21)",
        ),
        (
            "sys/class/iscsi_connection/connection1:0/persistent_address",
            "198.51.100.10\n",
            "carries an iSCSI session (198.51.100.10)",
        ),
        (
            "sys/class/nvme-fabrics/ctl/nvme4/address",
            "traddr=198.51.100.11,trsvcid=4420\n",
            "carries the NVMe connection nvme4 (198.51.100.11)",
        ),
        (
            "sys/class/nvme-fabrics/ctl/nvme4/address",
            "traddr=nvme.example,trsvcid=4420,host_iface={}\n",
            "carries the NVMe connection nvme4",
        ),
        (
            "sys/class/nvme/nvme4/address",
            "traddr=198.51.100.11,trsvcid=4420,src_addr=198.51.100.5",
            "carries the NVMe connection nvme4 (198.51.100.11)",
        ),
        (
            "sys/class/iscsi_connection/connection1:0/address",
            "198.51.100.10\n",
            "carries an iSCSI session (198.51.100.10)",
        ),
        ("sys/class/iscsi_host/host5/netdev", "{}\n", "carries an iSCSI session"),
        (
            "proc/net/ptype",
            "Type Device      Function\n0800          ip_rcv\n8906 {:<8} fcoe_rcv [fcoe]\n",
            "delivers packets to the kernel function fcoe_rcv [fcoe]",
        ),
        ("proc/net/ptype", "Type Device      Function\nALL  {:<8} tpacket_rcv [af_packet]\n", None),
        ("proc/net/ptype", "Type Device      Function\n88a2          aoenet_rcv [aoe]\n", None),
        (
            "proc/1/net/pppoe",
            "Id       Address              Device\n0000001E 02:00:00:00:00:01 {:>8}\n",
            "carries a PPPoE connection",
        ),
        ("sys/class/iscsi_host/host5/netdev", "default\n", None),
        (
            "proc/1/mounts",
            "admin@0b1c.vms=/ /mnt ceph rw,name=admin,mon_addr=203.0.113.1:6789/198.51.100.22:3300 0 0\n",
            "carries the mount /mnt (198.51.100.22)",
        ),
        ("proc/1/mounts", "//198.51.100.23/share /mnt cifs rw 0 0\n", "carries the mount /mnt (198.51.100.23)"),
        ("proc/1/mounts", "198.51.100.24@tcp:/fs /mnt lustre rw 0 0\n", "carries the mount /mnt (198.51.100.24)"),
        ("proc/1/mounts", "198.51.100.25:/vol /mnt fuse.glusterfs rw 0 0\n", "carries the mount /mnt (198.51.100.25)"),
        (
            "proc/1/mounts",
            "server:/nova /mnt nfs4 rw,addr=198.51.100.26 0 0\n",
            "carries the mount /mnt (198.51.100.26)",
        ),
        (
            "proc/1/mounts",
            "server:/nova /mnt nfs4 rw,proto=rdma,addr=198.51.100.27 0 0\n",
            "carries the mount /mnt (198.51.100.27)",
        ),
        (
            "sys/bus/rbd/devices/0/config_info",
            "203.0.113.1:6789,198.51.100.28:6789 name=admin rbd volume-1 -\n",
            "carries the RBD image 0 (198.51.100.28)",
        ),
    ],
)
def test_storage_and_addresses(network, path, content, sentence):
    host, observe = network(ON_ICE)
    host.kernel.tree.add(path, Attribute(content.format(ICE).encode()))
    assert observe()[ICE][0] == (sentence or "carries the route to 198.51.100.0/24")


RAW_SOCKET = "sk RefCnt Type Proto  Iface R Rmem   User   Inode\nff 3 3 0003   {} {} 0      0      48213\n"


@pytest.mark.parametrize(
    ("command", "opened", "running", "clause"),
    [
        ("Suricata-Main", "socket:[48213]", 1, "which has a raw socket of pid 77, Suricata-Main"),
        ("Suricata-Main", "socket:[48213]", 0, None),
        ("Suricata-Main", "socket:[1]", 1, "which has a raw socket of an unknown user"),
        ("lldpd", "socket:[48213]", 1, None),
    ],
)
def test_program_that_receives_all_packets(network, command, opened, running, clause):
    host, dummy = network()
    tree = host.kernel.tree
    tree.add(f"{tree.resolve(f'sys/class/net/{ICE}')[0]}/ifindex", Attribute(b"7\n"))
    tree.add("proc/net/packet", Attribute(RAW_SOCKET.format(7, running).encode()))
    add_process(tree, 77, opened, command=command)
    assert [text.rpartition(", which")[1:] for text in subjects_in_use(host).values()] == (
        [(", which", clause.removeprefix("which"))] if clause else []
    )


@pytest.mark.parametrize("kind", ["macvlan", "macvtap", "vlan", "vxlan"])
def test_interfaces_on_top_have_uses_too(network, kind):
    host, observe = network()
    tree = host.kernel.tree
    tree.directory(f"sys/devices/virtual/net/{kind}0")
    tree.link(f"sys/class/net/{kind}0", f"sys/devices/virtual/net/{kind}0")
    tree.link(f"{tree.resolve(f'sys/class/net/{ICE}')[0]}/upper_{kind}0", f"sys/devices/virtual/net/{kind}0")
    line = f"20010db8000000000000000000000005 03 40 00 80 {kind}0\n"
    tree.add("proc/net/if_inet6", Attribute(line.encode()))
    assert observe()[ICE] == [f"is below {kind}0, which has the address 2001:db8::5/64"]


def subjects_in_use(host):
    root = host.root()
    scene = Scene(pci.observe(root), [], Processes(root))
    return {use.subject: use.clause for use in guards_network.observe(root, scene)}


def test_port_of_an_ovs_bridge(network):
    host, observe = network()
    tree = host.kernel.tree
    tree.directory("sys/devices/virtual/net/ovs-system")
    tree.link("sys/class/net/ovs-system", "sys/devices/virtual/net/ovs-system")
    card = tree.resolve(f"sys/class/net/{ICE}")[0]
    tree.link(f"{card}/master", "sys/devices/virtual/net/ovs-system")
    tree.link(f"{card}/upper_ovs-system", "sys/devices/virtual/net/ovs-system")
    assert observe() == {ICE: ["is a port of the team or switch ovs-system"]}
    assert list(subjects_in_use(host)) == ["0000:31:00.0"]


def test_interface_below_a_device_of_a_function(network):
    """Like the interface of a virtio card."""
    host, _observe = network(ON_ICE)
    tree = host.kernel.tree
    below = f"{tree.resolve('sys/bus/pci/devices/0000:31:00.1')[0]}/virtio3/net/eth9"
    tree.directory(below)
    tree.link("sys/class/net/eth9", below)
    tree.add("proc/net/if_inet6", Attribute(b"20010db8000000000000000000000005 03 40 00 80 eth9\n"))
    assert "eth9, which has the address" in subjects_in_use(host)["0000:31:00.1"]


@pytest.mark.parametrize(("switch", "found"), [("b4fce1", ["0000:31:00.0"]), ("other", [])])
def test_representor_without_a_device_belongs_to_the_card_of_its_switch(network, switch, found):
    host, _observe = network()
    tree = host.kernel.tree
    tree.add(f"{tree.resolve(f'sys/class/net/{ICE}')[0]}/phys_switch_id", Attribute(b"b4fce1\n"))
    for name in ("eth0rep", "ovs-system"):
        tree.directory(f"sys/devices/virtual/net/{name}")
        tree.link(f"sys/class/net/{name}", f"sys/devices/virtual/net/{name}")
    tree.add("sys/devices/virtual/net/eth0rep/phys_switch_id", Attribute(f"{switch}\n".encode()))
    tree.link("sys/devices/virtual/net/eth0rep/master", "sys/devices/virtual/net/ovs-system")
    assert list(subjects_in_use(host)) == found


def test_settings_of_a_vf_of_the_host_stay(switch):
    run = switch("nics")
    run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "1"})
    (virtual,) = run.host.facts("physical_functions")["physical_functions"][2]["virtual_functions"]
    line = f"20010db8000000000000000000000005 03 40 00 80 {virtual['netdev']}\n"
    run.host.kernel.tree.add("proc/net/if_inet6", Attribute(line.encode()))
    with pytest.raises(Refused, match="has the host's interface .* so it cannot be set up again"):
        run({"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "1", "vfs": [{"index": "0", "vlan": 7}]})


def test_connection_from_an_address_of_the_host(network, monkeypatch):
    host, observe = network()
    host.kernel.tree.add("sys/class/nvme/nvme4/address", Attribute(b"traddr=x,host_traddr=192.0.2.7\n"))
    links = devices_routes.Links([], {ICE: ["192.0.2.7/24"]}, set())
    monkeypatch.setattr(guards_network, "observe_links", lambda host: links)
    assert observe() == {ICE: ["carries the NVMe connection nvme4", "has the address 192.0.2.7/24"]}


def test_every_next_hop_and_xdp_program(network, monkeypatch):
    dummy, observe = network()
    network4 = ipaddress.ip_network("0.0.0.0/0")
    routes = [devices_routes.Route(network4, "enp1s0f0"), devices_routes.Route(network4, ICE)]
    monkeypatch.setattr(
        guards_network,
        "observe_links",
        lambda host: devices_routes.Links(routes, {ICE: ["192.0.2.7/24"]}, {"enp1s0f0"}),
    )
    assert observe() == {
        "enp1s0f0": ["carries the default route", "has an XDP program"],
        ICE: ["carries the default route", "has the address 192.0.2.7/24"],
    }


def test_routes_are_unknown_if_the_program_does_not_answer(network, monkeypatch):
    host, dummy = network()
    root = host.root()

    def run(name, arguments, **options):
        raise HostError("ip did not finish within 30 s", name, pending=True)

    monkeypatch.setattr(root, "run", run)
    found = list(guards_network.observe(root, Scene(pci.observe(root), [], Processes(root))))
    assert found == [Unseen("network", "routes and addresses are unknown: ip did not finish within 30 s")]
